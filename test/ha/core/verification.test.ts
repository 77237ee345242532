import { expect, test } from "vitest";
import { dueInMs, hindersForRoom, hindersVerifying } from "../../../ha/core/verification.ts";
import { atWork, feed, member, pass, timing } from "./pair.ts";

const minMs = 60_000;
const dayMs = 24 * 60 * minMs;

test("the first verification is due ten minutes after a copy began, the next one a day after a good one", () => {
  expect(dueInMs(null, 0, dayMs)).toBe(10 * minMs);
  expect(dueInMs(null, 10 * minMs, dayMs)).toBe(0);
  expect(dueInMs({ kind: "sound", agoMs: 0 }, dayMs, dayMs)).toBe(dayMs);
  expect(dueInMs({ kind: "sound", agoMs: dayMs }, dayMs, dayMs)).toBe(0);
});

test("one that found damage, or came to nothing, is repeated in a quarter of an hour", () => {
  expect(dueInMs({ kind: "damaged", agoMs: 5 * minMs }, dayMs, dayMs)).toBe(10 * minMs);
  expect(dueInMs({ kind: "undone", agoMs: 20 * minMs }, dayMs, dayMs)).toBe(0);
});

test("a node that has just started waits, however long ago the last one was", () => {
  expect(dueInMs({ kind: "sound", agoMs: 9 * dayMs }, minMs, dayMs)).toBe(9 * minMs);
});

const at = (epoch: number) => ({ epoch, txid: 7 });

test("only a standby that holds everything confirmed and hears its primary verifies", () => {
  const pair = atWork();
  const hinders = (name: string, epoch = 1): string | null =>
    hindersVerifying(member(pair, name), at(epoch), pair.nowMs);
  expect(hinders("b")).toBeNull();
  expect(hinders("a")).toBe("a leads; what the standby has is verified");
  expect(hinders("b", 0)).toBe("b does not hold everything confirmed yet");
  expect(hindersVerifying(member(pair, "b"), null, pair.nowMs)).toBe("b does not hold everything confirmed yet");
  feed(pair, "a", { kind: "shrink" });
  pass(pair, timing.beatMs + 20);
  expect(hinders("b")).toBe("b does not hold everything confirmed yet");
  const silent = member(atWork(), "b");
  expect(hindersVerifying(silent, at(1), pair.nowMs + timing.leaseMs)).toBe("a is not heard from");
});

test("it does not begin where the disk has no room for another copy", () => {
  const mb = 1024 * 1024;
  expect(hindersForRoom(10 * mb, 44 * mb)).toBeNull();
  expect(hindersForRoom(10 * mb, 43 * mb)).toBe(
    "there is no room for a scratch copy: 43.0 MB are free, 44.0 MB are needed",
  );
  expect(hindersForRoom(null, 1)).toBeNull();
});
