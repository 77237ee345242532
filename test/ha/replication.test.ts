import pino from "pino";
import { expect, test } from "vitest";
import { LeaseShell } from "../../ha/lease-shell.ts";
import { Replication } from "../../ha/replication.ts";
import { atWork, member, pass, timing } from "./core/pair.ts";

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
  const away = { kind: "peer" as const, receiving: false, diskId: null, epoch: null, txid: null, reason: "away" };
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
