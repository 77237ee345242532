import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LeaseReply, Message } from "../../../ha/core/messages.ts";
import { clusterOf, DATAGRAM_BYTES_MAX, decode, encode as encodeFor } from "../../../ha/io/wire.ts";
import type { RosterNotice } from "../../../ha/io/message-schema.ts";
import type { WireIdentity } from "../../../ha/io/wire.ts";
import { rosterBytesMax } from "../../../ha/members.ts";
import { anyMessage, release } from "./messages.ts";

const secret = Buffer.alloc(32, 7);
const a = { cluster: "home", secret, name: "node-a" };
const b = { cluster: "home", secret, name: "node-b" };

const stamp = { id: "0123456789abcdef", roster: Number.MAX_SAFE_INTEGER };
const encode = (message: Message | RosterNotice, identity: WireIdentity): Buffer => encodeFor(message, identity, stamp);

const refusal = (datagram: Uint8Array, identity = b) => {
  const decoded = decode(datagram, identity);
  return decoded.kind === "refused" ? decoded.reason : decoded.kind;
};

const long = (n: number) => `n${n}`.padEnd(32, "x");

/** A datagram with a right signature and any content. */
function signed(content: string): Buffer {
  const head = Buffer.from([1, 4, ...Buffer.from("home")]);
  const body = Buffer.from(content);
  const signature = createHmac("sha256", secret)
    .update("arduino-trader heartbeat\0")
    .update(head)
    .update(body)
    .digest();
  return Buffer.concat([head, signature, body]);
}

describe("the wire", () => {
  test("what one member says, another reads, within one unfragmented datagram", () => {
    fc.assert(
      fc.property(anyMessage("node-a", "node-b"), (message) => {
        const datagram = encode(message, a);
        expect(datagram.length).toBeLessThanOrEqual(DATAGRAM_BYTES_MAX);
        expect(decode(datagram, b)).toEqual({ kind: "message", message, stamp });
      }),
      { numRuns: 300 },
    );
  });

  test("the largest reply of the largest cluster fits", () => {
    const sync = {
      inSync: Array.from({ length: 8 }, (_, n) => long(n)),
      paused: false,
      setEpoch: Number.MAX_SAFE_INTEGER,
      setVersion: Number.MAX_SAFE_INTEGER,
    };
    const big = Number.MAX_SAFE_INTEGER;
    const reply: LeaseReply = {
      kind: "reply",
      from: long(1),
      to: long(2),
      boot: "b".repeat(36),
      echoBoot: "b".repeat(36),
      echoSeq: big,
      purpose: "renew",
      epoch: big,
      granted: false,
      refusal: "unknown-boot",
      waitMs: 1234.567891234,
      record: { epoch: big, holder: long(3), released: false, sync },
      nonce: "c".repeat(36),
      position: { epoch: big, txid: big },
      fit: true,
    };
    const wide = { cluster: "c".repeat(32), secret, name: long(2) };
    expect(decode(encode(reply, wide), wide)).toEqual({ kind: "message", message: reply, stamp });
  });

  test("the largest roster that is made fits", () => {
    const members = ["a", "b", "w"].map((letter) => ({
      name: letter.repeat(32),
      id: stamp.id,
      kind: letter === "w" ? ("witness" as const) : ("node" as const),
      host: letter.repeat(120),
      agentPort: 65_535,
      ...(letter !== "w" && { linkPort: 65_535, appPort: 65_535 }),
    }));
    const arbiter = { kind: "reachability" as const, targets: ["255.255.255.254", "255.255.255.253"] };
    const roster = { version: Number.MAX_SAFE_INTEGER, arbiter, members };
    const bytes = Buffer.byteLength(JSON.stringify(roster));
    expect(bytes).toBeGreaterThan(rosterBytesMax - 120);
    expect(bytes).toBeLessThanOrEqual(rosterBytesMax);
    const wide = { cluster: "c".repeat(32), secret, name: long(2) };
    const notice = { kind: "roster" as const, from: long(1), to: long(2), roster };
    expect(decode(encode(notice, wide), wide)).toEqual({ kind: "message", message: notice, stamp });
  });

  test("the cluster of a datagram is read without its secret, from any bytes", () => {
    expect(clusterOf(encode(release("node-a", "node-b"), a))).toBe("home");
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void clusterOf(bytes)));
  });

  test("any flipped bit is refused", () => {
    const datagram = encode(release("node-a", "node-b"), a);
    for (let bit = 0; bit < datagram.length * 8; bit += 1) {
      const broken = Buffer.from(datagram);
      broken[bit >> 3]! ^= 1 << (bit & 7);
      expect(decode(broken, b).kind, `bit ${bit}`).toBe("refused");
    }
  });

  test("any cut or lengthened datagram is refused", () => {
    const datagram = encode(release("node-a", "node-b"), a);
    for (let length = 0; length < datagram.length; length += 1) {
      expect(decode(datagram.subarray(0, length), b).kind, `${length} bytes`).toBe("refused");
    }
    expect(decode(Buffer.concat([datagram, Buffer.from(" ")]), b).kind).toBe("refused");
  });

  test("no bytes make it throw, and none without the secret are taken", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_500 }), (bytes) => {
        expect(decode(bytes, b).kind).toBe("refused");
        expect(decode(Uint8Array.from([1, 4, ...Buffer.from("home"), ...bytes]), b).kind).toBe("refused");
      }),
      { numRuns: 500 },
    );
  });

  test("no signed JSON makes it throw", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(decode(signed(text).subarray(0, DATAGRAM_BYTES_MAX), b).kind).toBe("refused");
      }),
    );
  });

  test("a refusal says why", () => {
    const datagram = encode(release("node-a", "node-b"), a);
    expect(refusal(encode(release("node-a", "node-b"), { ...a, cluster: "barn" }))).toBe("foreign-cluster");
    expect(refusal(encode(release("node-a", "node-b"), { ...a, secret: Buffer.alloc(32) }))).toBe("bad-signature");
    expect(refusal(Buffer.concat([Buffer.from([2]), datagram.subarray(1)]))).toBe("version");
    expect(refusal(Buffer.alloc(DATAGRAM_BYTES_MAX + 1))).toBe("too-large");
    expect(refusal(Buffer.alloc(0))).toBe("malformed");
    expect(refusal(signed("{"))).toBe("malformed");
    expect(refusal(datagram, a)).toBe("own");
    expect(refusal(encode(release("node-a", "witness"), a))).toBe("misaddressed");
  });

  test.each([
    { seq: -1 },
    { seq: 1.5 },
    { seq: 2 ** 53 },
    { epoch: "3" },
    { from: "Node A" },
    { from: "n".repeat(33) },
    { boot: "" },
    { boot: "b".repeat(65) },
    { successor: undefined },
    { kind: "hello" },
    { stamp: undefined },
    { stamp: { id: "x", roster: 1 } },
    { stamp: { id: stamp.id, roster: -1 } },
  ])("a signed message with %j is malformed", (wrong) => {
    expect(refusal(signed(JSON.stringify({ ...release("node-a", "node-b"), stamp, ...wrong })))).toBe("malformed");
  });

  test("a message that nobody would accept is not sent", () => {
    expect(() => encode({ ...release("node-a", "node-b"), boot: "" }, a)).toThrow("a release that cannot be sent");
  });
});
