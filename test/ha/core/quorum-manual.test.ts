import { expect, test } from "vitest";
import { mayConfirmAlone } from "../../../ha/core/acknowledgement.ts";
import { failoverChecks } from "../../../ha/core/change-checks.ts";
import type { Message } from "../../../ha/core/messages.ts";
import { listenMs } from "../../../ha/core/timing.ts";
import { atWork, feed, member, pass, start, stop, timing } from "./pair.ts";
import { afterPowerCut, everything, leaders } from "./returning-pairs.ts";

const { leaseMs } = timing;

test("manual: not even the vote of a last holder that cannot lead makes the other one stand", () => {
  const pair = afterPowerCut("manual");
  for (const name of ["a", "b"]) start(pair, name);
  feed(pair, "a", { kind: "status", position: { epoch: 0, txid: 0 }, fit: false });
  pass(pair, 6 * leaseMs);
  expect(leaders(pair)).toEqual([]);
});

test("manual: the primary carries on alone and confirms at once; its standby never stands by itself", () => {
  const pair = atWork({}, "manual");
  pair.cut = everything;
  pass(pair, 10 * leaseMs);
  expect(leaders(pair)).toEqual(["a"]);
  feed(pair, "a", { kind: "shrink" });
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
});

test("[HA-6] manual: a contact that broke a moment ago is no proof that nothing was confirmed alone since", () => {
  const pair = atWork({}, "manual");
  pair.cut = everything;
  pass(pair, 1_000);
  feed(pair, "a", { kind: "shrink" });
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
  stop(pair, "a");
  pass(pair, leaseMs);
  const refused = failoverChecks(member(pair, "b"), null, false, pair.nowMs).filter(({ ok }) => !ok);
  expect(refused.map(({ name }) => name)).toEqual(["this node holds everything confirmed, or the loss is accepted"]);
});

test("manual: the standby says that it cannot know what was confirmed since; by force it leads, and the old one follows it", () => {
  const pair = atWork({}, "manual");
  stop(pair, "a");
  pass(pair, 10 * leaseMs);
  expect(leaders(pair)).toEqual([]);
  const complete = failoverChecks(member(pair, "b"), null, false, pair.nowMs).at(-1);
  expect(complete).toMatchObject({ ok: false, detail: expect.stringMatching(/when a was last heard; it may have/) });
  feed(pair, "b", { kind: "force", acceptDataLoss: true });
  expect(leaders(pair)).toEqual(["b"]);
  start(pair, "a");
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual(["b"]);
});

test("manual: a switchover needs no operator, nor the other's vote once it has released", () => {
  const pair = atWork({}, "manual");
  feed(pair, "a", { kind: "release", successor: "b" });
  pair.cut = (message: Message) => message.from === "a" && message.kind === "reply";
  pass(pair, 500);
  expect(leaders(pair)).toEqual(["b"]);
});

test("manual: a frozen primary that thaws listens before it goes on", () => {
  const pair = atWork({}, "manual");
  pair.nowMs += 2 * leaseMs;
  pair.cut = everything;
  feed(pair, "a", { kind: "tick" });
  feed(pair, "a", { kind: "demoted" });
  pass(pair, listenMs(timing) - 100);
  expect(leaders(pair)).toEqual([]);
  pass(pair, 500);
  expect(leaders(pair)).toEqual(["a"]);
});
