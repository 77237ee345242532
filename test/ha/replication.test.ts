import pino from "pino";
import { expect, test } from "vitest";
import { LeaseShell } from "../../ha/lease-shell.ts";
import { Replication } from "../../ha/replication.ts";
import { mayConfirmAlone } from "../../ha/core/acknowledgement.ts";
import { atWork, feed, member, pass, timing } from "./core/pair.ts";

/** What becomes of the set when the standby's receiver was away for longer than the limit, with these messages lost. */
function setAfterLoss(isLost: (from: string) => boolean): readonly string[] {
  const pair = atWork();
  const awaySinceMs = pair.nowMs;
  pair.cut = ({ from }) => isLost(from);
  pass(pair, timing.syncLimitMs + timing.beatMs);
  let nowMs = awaySinceMs;
  const log = pino({ level: "silent" });
  const shell = new LeaseShell(member(pair, "a"), {
    nowMs: () => nowMs,
    persist: () => Promise.resolve(),
    send: () => undefined,
    act: () => undefined,
    failed: () => undefined,
    log,
  });
  const replication = new Replication(1, true, {
    shell,
    nowMs: () => nowMs,
    startReplicator: () => {
      throw new Error("nobody receives");
    },
    answer: () => undefined,
    log,
  });
  const away = {
    kind: "peer" as const,
    receiving: false,
    diskId: null,
    epoch: null,
    txid: null,
    gap: false,
    reason: "away",
  };
  replication.onPeer(away);
  nowMs = pair.nowMs;
  replication.onPeer(away);
  return shell.member.voter.record?.sync.inSync ?? [];
}

test("a standby that does not receive leaves the set", () => {
  expect(setAfterLoss((from) => from === "b")).toEqual(["a"]);
});

test("[HA-10] a primary that hears nobody leaves the set as it is, so that the standby may lead", () => {
  expect(setAfterLoss((from) => from !== "a")).toEqual(["a", "b"]);
});

test("[HA-2] [HA-6] nothing is confirmed alone before the set that allows it is durable", async () => {
  const pair = atWork(undefined, "manual");
  feed(pair, "a", { kind: "shrink" });
  pass(pair, timing.beatMs);
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
  const writes: (() => void)[] = [];
  const log = pino({ level: "silent" });
  const shell = new LeaseShell(member(pair, "a"), {
    nowMs: () => pair.nowMs,
    persist: () => new Promise((done) => writes.push(done)),
    send: () => undefined,
    act: () => undefined,
    failed: () => undefined,
    log,
  });
  const answers: string[] = [];
  const replication = new Replication(1, true, {
    shell,
    nowMs: () => pair.nowMs,
    startReplicator: () => {
      throw new Error("nobody receives");
    },
    answer: (n, outcome) => answers.push(`${n} ${outcome}`),
    log,
  });
  // Any change of what is recorded: while it is on its way to the disk, the set on the disk is an older one.
  shell.feed({ kind: "pause", on: true });
  replication.confirm(1);
  expect(answers).toEqual([]);
  for (const done of writes) done();
  await new Promise((resolve) => setImmediate(resolve));
  replication.confirm(2);
  expect(answers).toEqual(["1 confirmed", "2 confirmed"]);
});
