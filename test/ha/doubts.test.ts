import { expect, test } from "vitest";
import { withRemote } from "../../ha/core/member.ts";
import { Doubts } from "../../ha/doubts.ts";
import { atWork, member } from "./core/pair.ts";

const pair = atWork();
const { nowMs } = pair;
const withFitPeer = withRemote(member(pair, "a"), "b", { fit: true, lastHeardMs: Number.MAX_SAFE_INTEGER });
const hourMs = 3_600_000;

test("the lease is given away three times an hour at most; then this node goes on and says so", () => {
  const doubts = new Doubts();
  const asked = (atMs: number): boolean => doubts.shouldGiveAway("the disk is full", withFitPeer, atMs);
  expect([0, 1, 2, 3].map((at) => asked(nowMs + at))).toEqual([true, true, true, false]);
  expect(doubts.kept).toBe("the disk is full; it goes on, because the lease was given away 3 times within this hour");
  expect(asked(nowMs + hourMs)).toBe(true);
  expect(doubts.kept).toBeNull();
});

test("after giving the lease away this node is unfit for a while, and its faults of before count no more", () => {
  const doubts = new Doubts();
  doubts.failed("hung", "it hung", nowMs);
  expect(doubts.failed("hung", "it hung", nowMs)).not.toBeNull();
  doubts.givenAway("the app failed", nowMs);
  expect(doubts.broken(nowMs + 29_999)).toBe("the app failed");
  expect(doubts.broken(nowMs + 30_000)).toBeNull();
  expect(doubts.failed("hung", "it hung", nowMs + 1)).toBeNull();
});

test("an app that kept failing is spoken of until it has been well for the whole window", () => {
  const doubts = new Doubts();
  for (let times = 0; times < 3; times += 1) doubts.failed("ended", "it ended", nowMs);
  doubts.shouldGiveAway("the app failed", { ...withFitPeer, peer: null }, nowMs);
  doubts.well(nowMs + 119_999);
  expect(doubts.kept).toBe("the app failed; it goes on, because there is no other node");
  doubts.well(nowMs + 120_000);
  expect(doubts.kept).toBeNull();
});
