import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import {
  BadRequestError,
  createCa,
  createKey,
  createRequest,
  fingerprintOf,
  issueCertificate,
  requestKeyHash,
  tlsNameOf,
} from "../../../ha/io/pki.ts";

test("[node tls] a member's certificate is the CA's, carries the admitted name, and is valid whatever a board's clock says", async () => {
  const ca = await createCa("demo");
  const request = await createRequest("somebody-else", await createKey());
  const certificate = new X509Certificate(await issueCertificate(ca, "demo", "node-b", request));
  const authority = new X509Certificate(ca.certificatePem);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.subject).toBe("CN=node-b\nO=demo");
  expect(certificate.checkHost(tlsNameOf("node-b"))).toBe("node-b.trader.internal");
  expect(certificate.checkHost(tlsNameOf("somebody-else"))).toBeUndefined();
  expect(certificate.validFromDate.getUTCFullYear()).toBe(2000);
  expect(certificate.validToDate.getUTCFullYear()).toBe(2099);
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
});

test("two authorities have different fingerprints, also for one cluster name", async () => {
  const prints = await Promise.all([createCa("demo"), createCa("demo")]);
  expect(fingerprintOf(prints[0].certificatePem)).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprintOf(prints[0].certificatePem)).not.toBe(fingerprintOf(prints[1].certificatePem));
});

test("the same key asks under the same hash again", async () => {
  const key = await createKey();
  expect(await requestKeyHash(await createRequest("node-b", key))).toBe(
    await requestKeyHash(await createRequest("node-b", key)),
  );
  expect(await requestKeyHash(await createRequest("node-b", await createKey()))).not.toBe(
    await requestKeyHash(await createRequest("node-b", key)),
  );
});

test("a request that is damaged is refused", async () => {
  const ca = await createCa("demo");
  const request = await createRequest("node-b", await createKey());
  const body = request.replaceAll(/-----[A-Z ]+-----|\s/g, "");
  const bytes = Buffer.from(body, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
  await expect(issueCertificate(ca, "demo", "node-b", forged)).rejects.toThrow(BadRequestError);
  await expect(issueCertificate(ca, "demo", "node-b", "nonsense")).rejects.toThrow(BadRequestError);
});
