import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  answered,
  asked,
  beginFollow,
  type Follow,
  forgetMs,
  freshMsMax,
  shownAt,
  sighted,
  toAsk,
  unanswered,
} from "../../../src/display/follow.ts";
import { displayOf } from "./display-fixture.ts";

const a = "10.0.0.1:8000";
const b = "10.0.0.2:8000";
const exchange = (follow: Follow, from: string, epoch: number, atMs: number): Follow =>
  answered(asked(follow, from, atMs), from, displayOf(epoch), atMs);

test("until somebody answers all are asked, twice a second; then the one that did, once a second", () => {
  let follow = beginFollow([a, b], 0);
  expect(toAsk(follow, 0)).toEqual([a, b]);
  follow = asked(asked(follow, a, 0), b, 0);
  expect(toAsk(follow, 10_000)).toEqual([]);
  follow = unanswered(follow, b, "dead");
  expect([toAsk(follow, 499), toAsk(follow, 500)]).toEqual([[], [b]]);
  follow = answered(follow, a, displayOf(1), 0);
  expect([toAsk(follow, 999), toAsk(follow, 1_000)]).toEqual([[], [a]]);
});

test("when the one that is followed does not answer, all are asked at once", () => {
  let follow = exchange(beginFollow([a, b], 0), a, 1, 0);
  follow = unanswered(asked(follow, a, 1_000), a, "dead");
  expect(toAsk(follow, 1_100)).toEqual([b]);
  expect(toAsk(follow, 1_500)).toEqual([a, b]);
});

test("figures are fresh for five seconds from the question on, then old for a minute, then gone", () => {
  const follow = unanswered(exchange(beginFollow([a], 0), a, 1, 100), a, "dead");
  const kinds = [freshMsMax, freshMsMax + 1, forgetMs - 1, forgetMs].map((ms) => shownAt(follow, 100 + ms).kind);
  expect(kinds).toEqual(["fresh", "stale", "stale", "none"]);
  expect(shownAt(follow, 100 + freshMsMax + 1)).toMatchObject({ ageMs: 5_001, reason: "dead" });
  expect(shownAt(beginFollow([], 50), 80)).toEqual({ kind: "none", forMs: 30, reason: "no node has been found yet" });
});

test("an answer that took long is as old as its question", () => {
  const follow = answered(asked(beginFollow([a], 0), a, 0), a, displayOf(1), 0);
  expect(shownAt(follow, 1_400)).toMatchObject({ kind: "fresh", ageMs: 1_400 });
});

test("whoever still draws an epoch that is over is not believed, until nothing is remembered of the newer one", () => {
  const follow = exchange(exchange(beginFollow([a, b], 0), a, 1, 0), b, 2, 1_000);
  const late = exchange(follow, a, 1, 2_000);
  expect(shownAt(late, 2_000)).toMatchObject({ display: { drawn_by: { epoch: 2 } } });
  expect(late.following).toBe(b);
  const anew = exchange(follow, a, 1, 1_000 + forgetMs);
  expect(shownAt(anew, 1_000 + forgetMs)).toMatchObject({ kind: "fresh", display: { drawn_by: { epoch: 1 } } });
});

test("an answer that was overtaken by another one's changes nothing", () => {
  const follow = asked(asked(beginFollow([a, b], 0), a, 0), b, 500);
  const both = answered(answered(follow, b, displayOf(1, "uno-b"), 500), a, displayOf(1, "uno-a"), 0);
  expect(shownAt(both, 600)).toMatchObject({ from: b, ageMs: 100 });
});

test("sources are bounded: what was heard of first makes room, what a person named and what is followed stays", () => {
  let follow = exchange(sighted(beginFollow([a], 0), b), b, 1, 0);
  for (let n = 0; n < 50; n++) follow = sighted(follow, `10.1.0.${n}:8000`);
  const known = follow.sources.map(({ address }) => address);
  expect(known).toHaveLength(8);
  expect(known).toEqual(expect.arrayContaining([a, b, "10.1.0.49:8000"]));
});

const event = fc.record({
  kind: fc.constantFrom("answered", "unanswered", "sighted"),
  address: fc.constantFrom(a, b, "10.0.0.3:8000"),
  epoch: fc.integer({ min: 0, max: 5 }),
  waitMs: fc.integer({ min: 0, max: 20_000 }),
  tookMs: fc.integer({ min: 0, max: 1_500 }),
});

test("whatever comes in whatever order, nothing is called fresh that was asked for more than five seconds ago", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.integer({ min: 0, max: 70_000 }), (events, laterMs) => {
      let follow = beginFollow([a], 0);
      let nowMs = 0;
      let newestAskedMs = Number.NEGATIVE_INFINITY;
      for (const { kind, address, epoch, waitMs, tookMs } of events) {
        nowMs += waitMs;
        const askedMs = nowMs;
        nowMs += tookMs;
        if (kind === "sighted") follow = sighted(follow, address);
        if (kind === "unanswered") follow = unanswered(asked(follow, address, askedMs), address, "x");
        if (kind === "answered") {
          follow = answered(asked(follow, address, askedMs), address, displayOf(epoch), askedMs);
          newestAskedMs = askedMs;
        }
        for (const atMs of [nowMs, nowMs + laterMs]) {
          const shown = shownAt(follow, atMs);
          if (shown.kind === "fresh") expect(atMs - newestAskedMs).toBeLessThanOrEqual(freshMsMax);
          if (atMs - newestAskedMs >= forgetMs) expect(shown.kind).toBe("none");
        }
      }
    }),
  );
});
