import { webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createCluster } from "../../../ha/io/create-cluster.ts";
import type { Member, Roster } from "../../../ha/io/node-files.ts";
import { certificateId, createCa, createKey, createRequest, issueCertificate, tlsNameOf } from "../../../ha/io/pki.ts";
import type { KeyPair } from "../../../ha/io/pki.ts";
import { installReflectMetadata } from "../../../ha/io/reflect-polyfill.ts";
import { readIdentity } from "../../../ha/link/identity.ts";
import type { Identity } from "../../../ha/link/identity.ts";
import { Receiver } from "../../../ha/link/receiver.ts";
import type { ReceiverParts } from "../../../ha/link/receiver.ts";
import { ReplicaStore } from "../../../ha/link/replica-store.ts";

export const silent = pino({ level: "silent" });

/** Folders and sockets of one test file; `end` removes and closes all of them, the newest first. */
export class Scratch {
  readonly #endings: (() => unknown)[] = [];

  atEnd(ending: () => unknown): void {
    this.#endings.push(ending);
  }

  folder(): string {
    const dir = mkdtempSync(join(tmpdir(), "link-"));
    this.atEnd(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }

  async end(): Promise<void> {
    for (const ending of this.#endings.splice(0).toReversed()) await ending();
  }
}

/** A founder's directory `node-a`, and identities of further members of its cluster. */
export type TestCluster = { dir: string; ca: KeyPair; a: Identity; member: (name: string) => Promise<Identity> };

const witness: Roster["arbiter"] = { kind: "witness", targets: [] };

async function identityFrom(ca: KeyPair, name: string): Promise<Identity> {
  const keyPem = await createKey();
  const certificatePem = await issueCertificate(ca, "demo", name, await createRequest(name, keyPem));
  return { name, keyPem, certificatePem, caPem: ca.certificatePem };
}

export async function foundCluster(scratch: Scratch, linkPort = 9): Promise<TestCluster> {
  const dir = join(scratch.folder(), "a");
  await createCluster({
    dir,
    cluster: "demo",
    name: "node-a",
    host: "127.0.0.1",
    ports: { app: 7, agent: 8, link: linkPort },
    arbiter: witness,
    preset: "fast",
    brokerKeyId: "broker-key",
    brokerSecret: "broker-secret",
  });
  const read = (file: string): string => readFileSync(join(dir, "pki", file), "utf8");
  const ca = { certificatePem: read("ca.crt"), keyPem: read("ca.key") };
  const a = readIdentity(dir, "node-a");
  ids.set("node-a", certificateId(a.certificatePem));
  const member = async (name: string): Promise<Identity> => {
    const identity = await identityFrom(ca, name);
    ids.set(name, certificateId(identity.certificatePem));
    return identity;
  };
  return { dir, ca, a, member };
}

/** An identity of another authority with the same names: all that an attacker can make. */
export const foreign = async (name: string): Promise<Identity> => identityFrom(await createCa("demo"), name);

/** A member's identity of the cluster's own authority whose certificate ended long ago. */
export async function expired(ca: KeyPair, name: string): Promise<Identity> {
  installReflectMetadata();
  const x = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const signingKey = await webcrypto.subtle.importKey("pkcs8", derOf(ca.keyPem), algorithm, true, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x.X509CertificateGenerator.create({
    serialNumber: "41",
    subject: `CN=${name}, O=demo`,
    issuer: new x.X509Certificate(ca.certificatePem).subject,
    notBefore: new Date("2000-01-01T00:00:00Z"),
    notAfter: new Date("2001-01-01T00:00:00Z"),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x.ExtendedKeyUsageExtension([x.ExtendedKeyUsage.serverAuth, x.ExtendedKeyUsage.clientAuth]),
      new x.SubjectAlternativeNameExtension([{ type: "dns", value: tlsNameOf(name) }]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
  return { name, keyPem, certificatePem: `${certificate.toString("pem")}\n`, caPem: ca.certificatePem };
}

const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");

const ids = new Map<string, string>();

/** The id of whoever was made a member under this name last. */
export const idOf = (name: string): string => ids.get(name) ?? "0".repeat(16);

const memberOf = (name: string, i: number): Member => ({
  name,
  id: idOf(name),
  kind: "node" as const,
  host: "h",
  agentPort: 1 + i,
  linkPort: 2,
  appPort: 3,
});

/** A roster of these nodes, as version 1, and what came in its place. */
export function rosterOf(...names: string[]) {
  let given: Roster | null = null;
  return {
    current: (): Roster => given ?? { version: 1, arbiter: witness, members: names.map(memberOf) },
    take: (roster: Roster) => {
      given = roster;
    },
  };
}

/** A running receiver of `identity` over a fresh folder. */
export async function startReceiver(scratch: Scratch, identity: Identity, more: Partial<ReceiverParts> = {}) {
  const dir = scratch.folder();
  const store = more.store ?? new ReplicaStore(dir);
  const received: unknown[] = [];
  const receiver = new Receiver({
    identity,
    store,
    roster: rosterOf("node-a", "node-b"),
    join: () => Promise.resolve({ status: 404, body: {} }),
    question: (about) => Promise.resolve({ status: 200, body: { about } }),
    onReceived: (position) => received.push(position),
    log: silent,
    ...more,
  });
  const port = await receiver.listen(0, "127.0.0.1");
  scratch.atEnd(() => receiver.stop());
  return { dir, store, port, received, name: identity.name };
}

export type Reply = { status: number; text: string; headers: Record<string, unknown> };

/** One request as `client` (null: without a certificate) to a receiver that must prove to be `server`. */
export function ask(
  to: { port: number; name: string },
  client: Identity | null,
  ca: string,
  method: string,
  path: string,
  body: string | Buffer = "",
  headers: Record<string, string | number> = {},
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const request = httpsRequest(
    {
      host: "127.0.0.1",
      port: to.port,
      servername: tlsNameOf(to.name),
      ca,
      ...(client !== null && { key: client.keyPem, cert: client.certificatePem }),
      agent: false,
      method,
      path,
      headers: { "content-length": Buffer.byteLength(body), ...headers },
    },
    (response) => {
      let text = "";
      response.setEncoding("latin1");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    },
  );
  request.on("error", reject);
  request.end(body);
  return promise;
}

/** The name of an ltx file. */
export const ltx = (min: number, max = min): string =>
  `${min.toString(16).padStart(16, "0")}-${max.toString(16).padStart(16, "0")}.ltx`;
