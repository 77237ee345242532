import * as fc from "fast-check";
import type { Message, VoterRecord } from "../../../ha/core/messages.ts";

/** Arbitrary but valid messages and records, for the codec and the vote file. */
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
const runId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const count = fc.maxSafeNat();
const position = fc.record({ epoch: count, txid: count });
const sync = fc.record({
  inSync: fc.array(name, { maxLength: 3 }),
  paused: fc.boolean(),
  setEpoch: count,
  setVersion: count,
});
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const purpose = fc.constantFrom("ask" as const, "elect" as const, "renew" as const);

export const anyRecord: fc.Arbitrary<VoterRecord> = fc.record({
  epoch: count,
  holder: nullable(name),
  released: fc.boolean(),
  sync,
});

/** Any message from `from` to `to`. */
export const anyMessage = (from: string, to: string): fc.Arbitrary<Message> => {
  const envelope = { from: fc.constant(from), to: fc.constant(to), boot: runId };
  return fc.oneof(
    fc.record({
      ...envelope,
      kind: fc.constant("request" as const),
      seq: count,
      voterBoot: nullable(runId),
      purpose,
      epoch: count,
      sync,
      operator: fc.boolean(),
      force: fc.boolean(),
      position,
      fit: fc.boolean(),
    }),
    fc.record({
      ...envelope,
      kind: fc.constant("reply" as const),
      echoBoot: runId,
      echoSeq: count,
      purpose,
      epoch: count,
      granted: fc.boolean(),
      refusal: nullable(fc.constantFrom("blank" as const, "promised" as const, "paused" as const)),
      waitMs: fc.integer({ min: 0, max: 10_000 }),
      record: nullable(anyRecord),
      nonce: nullable(runId),
      position,
      fit: fc.boolean(),
    }),
    fc.record({
      ...envelope,
      kind: fc.constant("release" as const),
      seq: count,
      epoch: count,
      successor: nullable(name),
    }),
    fc.record({
      ...envelope,
      kind: fc.constant("enrol" as const),
      seq: count,
      voterBoot: runId,
      nonce: runId,
      record: anyRecord,
    }),
  );
};

/** One plain message. */
export const release = (from: string, to: string, seq = 1): Message => ({
  kind: "release",
  from,
  to,
  boot: "boot-1",
  seq,
  epoch: 3,
  successor: null,
});
