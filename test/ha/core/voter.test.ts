import { expect, test } from "vitest";
import type { Enrolment, LeaseReply, LeaseRequest } from "../../../ha/core/messages.ts";
import { createVoter, onEnrolment, onRelease, onRequest } from "../../../ha/core/voter.ts";
import type { Voter } from "../../../ha/core/voter.ts";
import { stepWitness } from "../../../ha/core/witness.ts";
import { record, settled, sync, timing } from "./pair.ts";

const { leaseMs } = timing;
const startedMs = 1_000;
const laterMs = startedMs + 2 * leaseMs;
const own = { position: { epoch: 0, txid: 0 }, fit: false };

const voter = (kept: Voter["record"] = settled): Voter =>
  createVoter({ name: "w", timing, boot: "w1", nonce: "n1", startedMs, record: kept });

let seq = 0;
const request = (change: Partial<LeaseRequest> = {}): LeaseRequest => ({
  kind: "request",
  from: "b",
  to: "w",
  boot: `${change.from ?? "b"}1`,
  seq: ++seq,
  voterBoot: "w1",
  purpose: "elect",
  epoch: 2,
  sync: settled.sync,
  operator: false,
  force: false,
  position: own.position,
  fit: true,
  ...change,
});
const renewal = (change: Partial<LeaseRequest> = {}): LeaseRequest =>
  request({ from: "a", purpose: "renew", epoch: 1, ...change });

function answer(
  asked: Voter,
  message: LeaseRequest,
  nowMs: number,
): { readonly next: Voter; readonly reply: LeaseReply } {
  const { voter: next, reply } = onRequest(asked, message, own, nowMs);
  if (reply === null) throw new Error("no reply");
  return { next, reply };
}

test("rule 1: a changed record is to be persisted with the answer; a mere promise is not", () => {
  const elected = stepWitness(voter(), request(), laterMs);
  expect(elected.persist).toEqual(record(2, "b", settled.sync));
  expect(elected.send).toHaveLength(1);
  const renewed = stepWitness(voter(), renewal(), laterMs);
  expect(renewed.persist).toBeNull();
  expect(renewed.voter.promise).toEqual({ to: "a", boot: "a1", untilMs: laterMs + leaseMs });
});

test("rule 3: a grant echoes boot and sequence of the request that it answers", () => {
  const asked = renewal();
  expect(answer(voter(), asked, laterMs).reply).toMatchObject({ granted: true, echoBoot: "a1", echoSeq: asked.seq });
});

test("rule 3: a promise runs from the receipt of a request", () => {
  const { next } = answer(voter(), renewal(), laterMs + 700);
  expect(next.promise?.untilMs).toBe(laterMs + 700 + leaseMs);
});

test.each([null, "w0"])(
  "rule 3: a voter that a request does not recognise (%s) says its boot id and grants nothing",
  (voterBoot) => {
    const { next, reply } = answer(voter(), renewal({ voterBoot }), laterMs);
    expect(reply).toMatchObject({ granted: false, refusal: "unknown-boot", boot: "w1" });
    expect(next.promise).toBeNull();
  },
);

test("rule 3: a request that comes twice, or after a later one, is neither answered nor counted", () => {
  const asked = renewal();
  const { next } = answer(voter(), asked, laterMs);
  for (const late of [asked, { ...asked, seq: asked.seq - 1 }])
    expect(onRequest(next, late, own, laterMs + 500)).toEqual({ voter: next, reply: null });
});

test("a late request of an older run does not shut out the present run", () => {
  const fromOld = renewal({ boot: "a0" });
  const first = answer(voter(), renewal(), laterMs).next;
  const second = answer(first, fromOld, laterMs).next;
  expect(answer(second, renewal(), laterMs).reply.granted).toBe(true);
});

test("rule 5: a higher epoch waits for the end of the promise to another, and is told how long", () => {
  const { next } = answer(voter(), renewal(), laterMs);
  expect(answer(next, request(), laterMs + leaseMs - 1).reply).toMatchObject({ refusal: "promised", waitMs: 1 });
  expect(answer(next, request(), laterMs + leaseMs).reply.granted).toBe(true);
});

test("rule 5: the same holder may raise its epoch within its own promise", () => {
  const { next } = answer(voter(), renewal(), laterMs);
  expect(answer(next, renewal({ epoch: 5 }), laterMs + 1).reply.granted).toBe(true);
});

test("rule 5: a release ends the promise", () => {
  const { next } = answer(voter(), renewal(), laterMs);
  const released = onRelease(next, {
    kind: "release",
    from: "a",
    to: "w",
    boot: "a1",
    seq: 99,
    epoch: 1,
    successor: "b",
  });
  expect(answer(released, request(), laterMs + 1).reply.granted).toBe(true);
});

test.each([
  ["the voter's", sync(["a"], 1, 3), settled.sync],
  ["the request's", settled.sync, sync(["a"], 1, 3)],
])("rule 5: only a member of the newer set is granted a higher epoch: %s", (_whose, kept, asked) => {
  const { reply } = answer(voter(record(1, "a", kept)), request({ sync: asked }), laterMs);
  expect(reply).toMatchObject({ granted: false, refusal: "not-in-sync" });
});

test("rule 5: an operator's force needs no membership, but a live promise still counts", () => {
  const excluded = voter(record(1, "a", sync(["a"], 1, 3)));
  expect(answer(excluded, request({ force: true }), laterMs).reply.granted).toBe(true);
  const { next } = answer(excluded, renewal(), laterMs);
  expect(answer(next, request({ force: true }), laterMs + 1).reply.refusal).toBe("promised");
});

test("[HA-2] [HA-3] an epoch below the recorded one is refused, and the recorded one to anybody else", () => {
  expect(answer(voter(), request({ epoch: 0 }), laterMs).reply.refusal).toBe("stale-epoch");
  expect(answer(voter(), request({ epoch: 1 }), laterMs).reply.refusal).toBe("stale-epoch");
});

test("a question promises and records nothing", () => {
  const asked = voter();
  const { next, reply } = answer(asked, request({ purpose: "ask" }), laterMs);
  expect(reply.granted).toBe(true);
  expect([next.record, next.promise]).toEqual([asked.record, null]);
});

test("rule 8: an older set never overwrites a newer one", () => {
  const kept = record(1, "a", sync(["a"], 1, 3));
  const { next } = answer(voter(kept), renewal({ sync: settled.sync }), laterMs);
  expect(next.record).toEqual(kept);
});

test("rule 10: a released epoch is never renewed, and a late renewal does not bring the promise back", () => {
  const released = voter(record(1, "a", settled.sync, true));
  const { next, reply } = answer(released, renewal(), laterMs);
  expect(reply.refusal).toBe("released");
  expect(next.promise).toBeNull();
});

test("rule 10: a release of an epoch that is not the recorded one changes nothing", () => {
  const other = { kind: "release" as const, from: "a", to: "w", boot: "a1", seq: 9, epoch: 7, successor: null };
  expect(onRelease(voter(), other)).toEqual(voter());
  expect(onRelease(voter(), { ...other, epoch: 1, from: "b" })).toEqual(voter());
});

test("rule 11: a restarted voter grants nobody but its recorded holder for one lease", () => {
  const endMs = startedMs + leaseMs;
  expect(answer(voter(), request(), endMs - 1).reply).toMatchObject({ refusal: "abstaining", waitMs: 1 });
  expect(answer(voter(), request(), endMs).reply.granted).toBe(true);
  expect(answer(voter(), renewal(), startedMs + 1).reply.granted).toBe(true);
});

test("rule 12: what a receiver may take is in the vote: an epoch with the one who was granted it", () => {
  expect(answer(voter(), request({ epoch: 8 }), laterMs).next.record).toMatchObject({ epoch: 8, holder: "b" });
});

test("[complaint 15] maintenance: nobody is promoted, the holder carries on, also after a restart or under a higher epoch", () => {
  const paused = sync(["a", "b"], 1, 3, true);
  const kept = voter(record(1, "a", paused));
  expect(answer(kept, request({ sync: paused }), laterMs).reply.refusal).toBe("paused");
  expect(answer(kept, renewal({ sync: paused }), laterMs).reply.granted).toBe(true);
  const behind = voter(record(4, "b", paused));
  const cameBack = renewal({ purpose: "elect", epoch: 5, sync: sync(["a"], 5, 1, true) });
  expect(answer(behind, cameBack, laterMs).reply.granted).toBe(true);
  expect(answer(behind, renewal({ epoch: 5, sync: paused }), laterMs).reply.granted).toBe(true);
});

test("rule 16: another run of the holder is granted nothing while the one that was promised is heard [complaint 14]", () => {
  const held = answer(voter(), renewal(), laterMs).next;
  const clone = { boot: "a2", purpose: "elect" as const };
  const restartMs = laterMs + 3 * timing.beatMs;
  expect(answer(held, renewal(clone), restartMs - 1).reply).toMatchObject({ refusal: "other-run", waitMs: 1 });
  expect(answer(held, renewal({ boot: "a2", epoch: 2 }), restartMs - 1).reply).toMatchObject({ refusal: "other-run" });
  // The run that was promised goes on, and shuts the other one out for as long as it does.
  const renewed = answer(held, renewal(), restartMs - 1).next;
  expect(answer(renewed, renewal(clone), restartMs).reply).toMatchObject({ refusal: "other-run" });
  // One that has fallen silent may have been restarted: the new run goes on within the lease, and the old one is over.
  const restarted = answer(held, renewal(clone), restartMs);
  expect(restarted.reply).toMatchObject({ granted: true });
  expect(answer(restarted.next, renewal(), restartMs + 1).reply).toMatchObject({ refusal: "other-run" });
});

test("[HA-6] rule 16: of two runs of one candidate neither is granted anything, until one has been silent for two greetings", () => {
  const free = laterMs + leaseMs;
  const two = answer(
    answer(voter(), request({ purpose: "ask" }), free).next,
    request({ purpose: "ask", boot: "b2" }),
    free,
  );
  expect(two.reply).toMatchObject({ refusal: "other-run" });
  for (const boot of ["b1", "b2"])
    expect(answer(two.next, request({ boot }), free + 8 * timing.beatMs - 1).reply).toMatchObject({
      refusal: "other-run",
      waitMs: 1,
    });
  expect(answer(two.next, request({ boot: "b2" }), free + 8 * timing.beatMs).reply.granted).toBe(true);
  // Two runs of the holder of before, whose promise has ended: it may go on.
  const back = answer(answer(voter(), renewal(), laterMs).next, renewal({ boot: "a2", purpose: "elect" }), free + 1);
  expect(back.reply.granted).toBe(true);
});

test("rule 13: a blank voter votes for nobody and says its nonce", () => {
  const { next, reply } = answer(voter(null), renewal(), laterMs);
  expect(reply).toMatchObject({ granted: false, refusal: "blank", nonce: "n1", record: null });
  expect(next.record).toBeNull();
});

test("rule 13: only the fresh nonce of this run enrols, and never one who has a record", () => {
  const enrolment: Enrolment = {
    kind: "enrol",
    from: "a",
    to: "w",
    boot: "a1",
    seq: 1,
    voterBoot: "w1",
    nonce: "n1",
    record: settled,
  };
  expect(onEnrolment(voter(null), enrolment, laterMs)).toMatchObject({
    record: settled,
    promise: { to: "a", boot: "a1", untilMs: laterMs + leaseMs },
  });
  for (const wrong of [{ nonce: "n0" }, { voterBoot: "w0" }])
    expect(onEnrolment(voter(null), { ...enrolment, ...wrong }, laterMs).record).toBeNull();
  const other = record(9, "b", sync(["b"], 9, 1));
  expect(onEnrolment(voter(other), enrolment, laterMs).record).toEqual(other);
});

test("rule 13: a node is enrolled only while the set excludes it", () => {
  const enrolment = { kind: "enrol" as const, from: "a", to: "b", boot: "a1", seq: 1, voterBoot: "b1", nonce: "n1" };
  const blank = createVoter({ name: "b", timing, boot: "b1", nonce: "n1", startedMs, record: null });
  expect(onEnrolment(blank, { ...enrolment, record: settled }, laterMs).record).toBeNull();
  const without = record(1, "a", sync(["a"], 1, 3));
  expect(onEnrolment(blank, { ...enrolment, record: without }, laterMs).record).toEqual(without);
});

test("a witness takes no notice of what is meant for somebody else", () => {
  expect(stepWitness(voter(), request({ to: "b" }), laterMs)).toEqual({ voter: voter(), persist: null, send: [] });
});
