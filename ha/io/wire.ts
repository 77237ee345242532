import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Message, Name } from "../core/messages.ts";
import { messageSchema, rosterNoticeSchema, stampSchema } from "./message-schema.ts";
import type { RosterNotice, Stamp } from "./message-schema.ts";

/**
 * A datagram: version, length of the cluster's name, the name, HMAC-SHA256 of all the rest, JSON of one message and
 * its sender's stamp. The name is in front of the signature, so that a neighbour's cluster is told from a forgery
 * without parsing it, and so that one socket can serve several clusters.
 */
const VERSION = 1;
const SIGNATURE_BYTES = 32;
const HEADER_BYTES = 2;
/** Below the smallest path MTU in use (IPv6's 1280), so that no datagram is ever fragmented. */
export const DATAGRAM_BYTES_MAX = 1_200;
/** Signatures made with the same secret for another purpose do not fit here. */
const CONTEXT = "arduino-trader heartbeat\0";

/** Who speaks: the cluster, its 32-byte secret and this member's name. */
export type WireIdentity = { readonly cluster: string; readonly secret: Uint8Array; readonly name: Name };

/** Why a datagram was not taken. `misaddressed`: signed, but meant for another member. */
export type WireRefusal =
  | "too-large"
  | "version"
  | "foreign-cluster"
  | "bad-signature"
  | "malformed"
  | "own"
  | "misaddressed";
export type Decoded =
  | { readonly kind: "message"; readonly message: Message | RosterNotice; readonly stamp: Stamp }
  | { readonly kind: "refused"; readonly reason: WireRefusal };

const anyMessage = z.union([messageSchema, rosterNoticeSchema]);
const stamped = z.object({ stamp: stampSchema });

/** Signs one message; throws on a message that no member would accept, which is a defect of the sender. */
export function encode(message: Message | RosterNotice, { cluster, secret }: WireIdentity, stamp: Stamp): Buffer {
  const checked = anyMessage.safeParse(message);
  if (!checked.success) throw new Error(`a ${message.kind} that cannot be sent`, { cause: checked.error });
  const name = Buffer.from(cluster, "utf8");
  if (name.length === 0 || name.length > 255) throw new Error("a cluster's name has 1 to 255 bytes");
  const head = Buffer.concat([Buffer.from([VERSION, name.length]), name]);
  const body = Buffer.from(JSON.stringify({ ...checked.data, stamp }), "utf8");
  const datagram = Buffer.concat([head, sign(secret, head, body), body]);
  if (datagram.length > DATAGRAM_BYTES_MAX) throw new Error(`a ${message.kind} of ${datagram.length} bytes`);
  return datagram;
}

/** Checks and reads a datagram from anywhere; never throws. */
export function decode(datagram: Uint8Array, { cluster, secret, name }: WireIdentity): Decoded {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (bytes.length > DATAGRAM_BYTES_MAX) return refused("too-large");
  if (bytes.length < HEADER_BYTES) return refused("malformed");
  if (bytes[0] !== VERSION) return refused("version");
  const headBytes = HEADER_BYTES + (bytes[1] ?? 0);
  if (bytes.length <= headBytes + SIGNATURE_BYTES) return refused("malformed");
  if (!bytes.subarray(HEADER_BYTES, headBytes).equals(Buffer.from(cluster, "utf8"))) return refused("foreign-cluster");
  const body = bytes.subarray(headBytes + SIGNATURE_BYTES);
  const signature = bytes.subarray(headBytes, headBytes + SIGNATURE_BYTES);
  if (!timingSafeEqual(signature, sign(secret, bytes.subarray(0, headBytes), body))) return refused("bad-signature");
  const value = parseJson(body);
  const message = anyMessage.safeParse(value);
  const by = stamped.safeParse(value);
  if (!message.success || !by.success) return refused("malformed");
  if (message.data.from === name) return refused("own");
  if (message.data.to !== name) return refused("misaddressed");
  return { kind: "message", message: message.data, stamp: by.data.stamp };
}

/** The cluster that a datagram names, unchecked; null where there is none to read. */
export function clusterOf(datagram: Uint8Array): string | null {
  const headBytes = HEADER_BYTES + (datagram[1] ?? 0);
  if (datagram[0] !== VERSION || datagram.length <= headBytes) return null;
  return Buffer.from(datagram.buffer, datagram.byteOffset + HEADER_BYTES, headBytes - HEADER_BYTES).toString("utf8");
}

const refused = (reason: WireRefusal): Decoded => ({ kind: "refused", reason });

const sign = (secret: Uint8Array, head: Uint8Array, body: Uint8Array): Buffer =>
  createHmac("sha256", secret).update(CONTEXT).update(head).update(body).digest();

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
