import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkServerIdentity } from "node:tls";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { nameSchema, NodeFileError } from "../io/node-files.ts";
import { certificateId, tlsNameOf } from "../io/pki.ts";

/** What a member shows and trusts in TLS: its key, its certificate, and the cluster's own authority. */
export type Identity = { name: string; keyPem: string; certificatePem: string; caPem: string };

/** Reads `DIR/pki` of a member; throws NodeFileError naming the file and the remedy. */
export function readIdentity(dir: string, name: string): Identity {
  const read = (file: string): string => {
    const path = join(dir, "pki", file);
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      throw new NodeFileError(`${path}: cannot be read. Join the cluster again with "trader join".`, { cause });
    }
  };
  return { name, keyPem: read("node.key"), certificatePem: read("node.crt"), caPem: read("ca.crt") };
}

/** The member that a TLS client proved to be, or null: no certificate, another authority's, or a name of no grammar. */
export function memberOf(socket: TLSSocket): { readonly name: string; readonly id: string } | null {
  if (!socket.authorized) return null;
  const { subject, raw } = socket.getPeerCertificate();
  const name = nameSchema.safeParse(subject?.CN);
  return name.success ? { name: name.data, id: certificateId(raw) } : null;
}

/** How one member connects to the receiver of another, once: with its own key, and to no other board of that name. */
export const connectionTo = (
  peer: { readonly name: string; readonly id: string; readonly host: string; readonly port: number },
  identity: Identity,
) => ({
  host: peer.host,
  port: peer.port,
  agent: false as const,
  servername: tlsNameOf(peer.name),
  ...trustIn(peer.id, identity),
});

/** What a member shows to the board with this key, and demands of it: the cluster's authority, that key, TLS 1.3. */
export const trustIn = (id: string, { keyPem, certificatePem, caPem }: Identity) => ({
  key: keyPem,
  cert: certificatePem,
  ca: caPem,
  minVersion: "TLSv1.3" as const,
  checkServerIdentity: hasKey(id),
});

/** Checks that a TLS server has the name that was asked for, and the key that the roster has under it. */
const hasKey =
  (id: string) =>
  (host: string, certificate: PeerCertificate): Error | undefined =>
    checkServerIdentity(host, certificate) ??
    (certificateId(certificate.raw) === id ? undefined : new Error("another board of that name answers there"));
