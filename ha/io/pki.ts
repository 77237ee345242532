import { createHash, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import type * as x509 from "@peculiar/x509";
import { installReflectMetadata } from "./reflect-polyfill.ts";

/**
 * The cluster's own certificate authority: ECDSA P-256, one certificate for each member, good for servers and clients.
 * TLS trusts our CA and the member's *name*, never an address, so a new DHCP lease changes nothing.
 */

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
// Boards boot without the time: a certificate of this CA is valid at any instant that their clock may show.
const NOT_BEFORE = new Date("2000-01-01T00:00:00Z");
const NOT_AFTER = new Date("2099-12-31T00:00:00Z");

/** A certificate authority or a member: certificate and PKCS #8 key, both PEM. */
export type KeyPair = { certificatePem: string; keyPem: string };

/** The name that a member's certificate carries for TLS (SNI and SAN); no DNS server needs to know it. */
export const tlsNameOf = (member: string): string => `${member}.trader.internal`;

/** SHA-256 of a certificate's DER in lower-case hex; throws for anything that is not one PEM certificate. */
export function fingerprintOf(certificatePem: string): string {
  return createHash("sha256").update(new X509Certificate(certificatePem).raw).digest("hex");
}

/** SHA-256 of a public key's DER (SPKI) in lower-case hex. */
const keyHashOf = (spki: Uint8Array): string => createHash("sha256").update(spki).digest("hex");

/** The id under which a roster knows whoever holds the key of this hash. */
export const memberIdOf = (keyHash: string): string => keyHash.slice(0, 16);

/** The member id of a certificate's key; throws for anything that is not one certificate. */
export function certificateId(certificate: string | Buffer): string {
  return memberIdOf(keyHashOf(new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" })));
}

// A quarter of a second and 20 MB that only init and join need.
function load(): Promise<typeof x509> {
  installReflectMetadata();
  return import("@peculiar/x509");
}

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  pem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", key));

const derOf = (keyPem: string): Buffer => Buffer.from(keyPem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");

const importPrivate = (keyPem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey("pkcs8", derOf(keyPem), ALGORITHM, true, ["sign"]);

/** The pair of a private key: PKCS #8 of a P-256 key carries the public half, read back through JWK. */
async function importPair(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = await importPrivate(keyPem);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", privateKey);
  const jwk: webcrypto.JsonWebKey = { ...(kty && { kty }), ...(crv && { crv }), ...(x && { x }), ...(y && { y }) };
  const publicKey = await webcrypto.subtle.importKey("jwk", jwk, ALGORITHM, true, ["verify"]);
  return { privateKey, publicKey };
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40; // positive, and never a leading zero byte
  return bytes.toString("hex");
}

/** A new private key, PEM. */
export async function createKey(): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  return exportKey(keys.privateKey);
}

/** A new self-signed authority for a cluster; it signs members only, no further authorities. */
export async function createCa(cluster: string): Promise<KeyPair> {
  const x = await load();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=Arduino Trader ${cluster}`,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x.BasicConstraintsExtension(true, 0, true),
      new x.KeyUsagesExtension(x.KeyUsageFlags.keyCertSign, true),
      await x.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, keyPem: await exportKey(keys.privateKey) };
}

/** A signing request for `name` with a key that stays where it is; proof that its sender holds the key. */
export async function createRequest(name: string, keyPem: string): Promise<string> {
  const x = await load();
  const request = await x.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys: await importPair(keyPem),
    signingAlgorithm: ALGORITHM,
  });
  return request.toString("pem");
}

/** Thrown for a signing request that is malformed, signed by another key, or not P-256. */
export class BadRequestError extends Error {
  override readonly name = "BadRequestError";
}

async function readRequest(requestPem: string): Promise<x509.Pkcs10CertificateRequest> {
  const x = await load();
  let request: x509.Pkcs10CertificateRequest;
  let good: boolean;
  try {
    request = new x.Pkcs10CertificateRequest(requestPem);
    const { algorithm } = request.publicKey;
    good = algorithm.name === "ECDSA" && "namedCurve" in algorithm && algorithm.namedCurve === "P-256";
    good &&= await request.verify();
  } catch (cause) {
    throw new BadRequestError("the certificate request cannot be read", { cause });
  }
  if (!good) throw new BadRequestError("the certificate request is not a P-256 key's own");
  return request;
}

/** SHA-256 of the public key that a checked signing request asks for, hex: who asks again is known by it. */
export async function requestKeyHash(requestPem: string): Promise<string> {
  const request = await readRequest(requestPem);
  return keyHashOf(Buffer.from(request.publicKey.rawData));
}

/** Signs a member's certificate. Only the key is taken from the request: the name is `name`, whatever it asks for. */
export async function issueCertificate(
  ca: KeyPair,
  cluster: string,
  name: string,
  requestPem: string,
): Promise<string> {
  const x = await load();
  const request = await readRequest(requestPem);
  const authority = new x.X509Certificate(ca.certificatePem);
  const certificate = await x.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${name}, O=${cluster}`,
    issuer: authority.subject,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: ALGORITHM,
    publicKey: request.publicKey,
    signingKey: await importPrivate(ca.keyPem),
    extensions: [
      new x.BasicConstraintsExtension(false, undefined, true),
      new x.KeyUsagesExtension(x.KeyUsageFlags.digitalSignature, true),
      new x.ExtendedKeyUsageExtension([x.ExtendedKeyUsage.serverAuth, x.ExtendedKeyUsage.clientAuth]),
      new x.SubjectAlternativeNameExtension([{ type: "dns", value: tlsNameOf(name) }]),
      await x.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}
