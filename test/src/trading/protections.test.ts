import { describe, expect, test } from "vitest";
import { type Caps, withinCaps } from "../../../src/trading/caps.ts";
import { whyNotLive } from "../../../src/trading/live-rules.ts";
import { lockOn, lockOnAll, lockText } from "../../../src/trading/locks.ts";
import {
  type Controls,
  type ProtectionInput,
  protectionLimits,
  protections,
  switchLocks,
} from "../../../src/trading/protections.ts";

const DAY_MS = 86_400_000;
const nowMs = Date.UTC(2026, 10, 24, 15, 0);
const today = Date.UTC(2026, 10, 24);
const read = <T>(value: T) => ({ kind: "read", value }) as const;
const failed = { kind: "failed", reason: "the broker does not answer" } as const;

const calm: ProtectionInput = {
  nowMs,
  limits: protectionLimits(DAY_MS),
  marketOpen: read(true),
  equity: read(10_000),
  snapshots: [{ atMs: today - 60_000, equity: 10_000 }],
  deposits: read([]),
  pending: [],
  anomalies: new Map(),
  standing: [],
};
const locksOf = (over: Partial<ProtectionInput>) => protections({ ...calm, ...over });
const shape = (over: Partial<ProtectionInput>) => locksOf(over).map(({ name, blocks }) => `${name}: ${blocks}`);

test("a calm portfolio in an open market has no locks", () => {
  expect(locksOf({})).toEqual([]);
});

describe("the day's loss", () => {
  test.each([
    [9_801, []],
    [9_800, ["day-loss: sells"]],
    [9_501, ["day-loss: sells"]],
    [9_500, ["day-loss: all"]],
  ])("a value of %i after 10,000 gives %j", (equity, expected) => {
    expect(shape({ equity: read(equity) })).toEqual(expected);
  });

  test("its lock names the loss and ends with the day", () => {
    const [lock] = locksOf({ equity: read(9_500) });
    expect(lock).toMatchObject({ untilMs: today + DAY_MS });
    expect(lock && lockText(lock)).toBe("Trading is locked: the day's loss is 5.0% (until 2026-11-25T00:00Z).");
  });

  test("[do-not-inherit 5] a sell is no loss: cash counts, and money from outside is neither gain nor loss", () => {
    // Everything was sold at the price it had: positions are zero, the value is the same.
    expect(shape({ equity: read(10_000) })).toEqual([]);
    const out = [{ atMs: today + 1_000, amount: -3_000 }];
    expect(shape({ equity: read(7_000), deposits: read(out) })).toEqual([]);
    const put = [{ atMs: today + 1_000, amount: 3_000 }];
    expect(shape({ equity: read(12_300), deposits: read(put) })).toEqual(["day-loss: all"]);
  });

  test("is measured from the last value of before the day, and from the day's first where there is none", () => {
    const before = { atMs: today - DAY_MS, equity: 11_000 };
    expect(shape({ snapshots: [before, ...calm.snapshots] })).toEqual([]);
    expect(shape({ snapshots: [{ atMs: today + 5, equity: 10_300 }], equity: read(10_000) })).toEqual([
      "day-loss: sells",
    ]);
  });

  test.each<[string, Partial<ProtectionInput>]>([
    ["the broker's value", { equity: failed }],
    ["deposits", { deposits: failed }],
    ["a value from before", { snapshots: [] }],
    ["a value from before that makes sense", { snapshots: [{ atMs: 0, equity: 0 }] }],
    ["a value that is a number", { equity: read(Number.NaN) }],
  ])("[do-not-inherit 4] without %s the gain or loss is unknown, and that blocks everything", (_, over) => {
    expect(shape(over)).toEqual(["day-loss: all"]);
    expect(locksOf(over)[0]?.reason).toContain("not known");
  });
});

describe("the drawdown", () => {
  const peak = { atMs: nowMs - 40 * DAY_MS, equity: 13_400 };
  const [last] = calm.snapshots;

  test("a quarter below the peak of 90 days, buys rest for a week, whatever the value does meanwhile", () => {
    const found = locksOf({ snapshots: [peak, last!] });
    expect(found).toMatchObject([{ name: "drawdown", blocks: "buys", untilMs: nowMs + 7 * DAY_MS }]);
    const later = { nowMs: nowMs + 6 * DAY_MS, snapshots: [{ ...last!, atMs: nowMs + 5 * DAY_MS }] };
    expect(locksOf({ ...later, standing: found })).toEqual(found);
    expect(shape({ ...later, nowMs: nowMs + 7 * DAY_MS, standing: found })).toEqual([]);
  });

  test("an older peak does not count, nor what was taken out since", () => {
    expect(shape({ snapshots: [{ ...peak, atMs: nowMs - 91 * DAY_MS }, last!] })).toEqual([]);
    const out = [{ atMs: nowMs - 39 * DAY_MS, amount: -3_400 }];
    expect(shape({ snapshots: [peak, last!], deposits: read(out) })).toEqual([]);
  });
});

describe("markets and orders", () => {
  test("a closed market blocks until it opens, one that is not known too", () => {
    expect(locksOf({ marketOpen: read(false) })).toMatchObject([{ blocks: "all", ends: "until it opens" }]);
    expect(locksOf({ marketOpen: failed })[0]?.reason).toContain("not known: the broker does not answer");
  });

  test("an order whose end is open blocks its symbol only, and so do prices that look wrong", () => {
    const locks = locksOf({
      pending: [{ clientOrderId: "p-1", symbol: "AAPL", state: "unknown" }],
      anomalies: new Map([["GE", "its prices look wrong (jump), until 2026-11-25T00:00Z"]]),
    });
    expect(lockOn(locks, { symbol: "AAPL", side: "buy" })?.reason).toBe("order p-1 is unknown");
    expect(lockOn(locks, { symbol: "GE", side: "sell" })?.reason).toContain("until 2026-11-25");
    expect(lockOn(locks, { symbol: "KO", side: "buy" })).toBeNull();
    expect(lockOnAll(locks, "buy")).toBeNull();
  });
});

describe("switches", () => {
  const off: Controls = { stopSinceMs: null, pauseBuysSinceMs: null, whenDetached: "available", live: null };
  const names = (controls: Partial<Controls>, detached = false) =>
    switchLocks(read({ ...off, ...controls }), detached, nowMs).map(({ name, blocks }) => `${name}: ${blocks}`);

  test("each says what it blocks and which command lifts it", () => {
    expect(names({})).toEqual([]);
    expect(names({ pauseBuysSinceMs: 1 })).toEqual(["pause-buys: buys"]);
    expect(names({ stopSinceMs: 1, pauseBuysSinceMs: 2 })).toEqual(["stop-everything: all", "pause-buys: buys"]);
    const [stop] = switchLocks(read({ ...off, stopSinceMs: 1 }), false, nowMs);
    expect(stop && lockText(stop)).toContain("until: trader stop-everything off");
  });

  test("without a standby the policy decides: available goes on, strict waits", () => {
    expect(names({}, true)).toEqual([]);
    expect(names({ whenDetached: "strict" }, true)).toEqual(["detached: all"]);
    expect(names({ whenDetached: "strict" }, false)).toEqual([]);
  });

  test("[do-not-inherit 4] a setting that cannot be read blocks everything", () => {
    expect(switchLocks(failed, false, nowMs)).toMatchObject([{ name: "settings", blocks: "all" }]);
  });
});

const at = (idempotency: "enforced" | "lookup" | "none") => ({ name: "b", idempotency });
const trade = (symbol: string, qty: number) => ({ symbol, side: "buy", qty, reason: "r" }) as const;

describe("live trading", () => {
  const live = { account: "123", orderEurMax: 500, dayEurMax: 1_000, sinceMs: 1 };
  const facts = { live, account: "123", protection: "strict", whenDetached: "available" } as const;

  test("goes to the account it was switched on for, and to no other", () => {
    expect(whyNotLive({ ...facts, broker: at("enforced") })).toBeNull();
    expect(whyNotLive({ ...facts, broker: at("enforced"), live: null })).toBe("live trading is off");
    expect(whyNotLive({ ...facts, broker: at("enforced"), account: "124" })).toContain("another account");
  });

  test.each(["lookup", "none"] as const)("%s needs a strict arbiter and strict intents", (idempotency) => {
    const broker = at(idempotency);
    expect(whyNotLive({ ...facts, broker })).toContain("needs strict intents");
    expect(whyNotLive({ ...facts, broker, whenDetached: "strict" })).toBeNull();
    for (const protection of ["heuristic", "manual", "none", null] as const) {
      const refusal = whyNotLive({ ...facts, broker, protection, whenDetached: "strict" });
      expect(refusal).toContain("needs an arbiter that is strict");
    }
  });
});

describe("limits in euros", () => {
  const caps: Caps = { orderEurMax: 1_000, dayEurMax: 1_500 };
  const cut = (trades: readonly ReturnType<typeof trade>[], spentEur = 0, priceEur: number | null = 90, lot = 1) =>
    withinCaps(trades, { caps, spentEur, priceEur: () => priceEur }, () => lot);

  test("an order is cut to whole lots within both limits, and it is said", () => {
    expect(cut([trade("A", 11)])).toEqual({ trades: [trade("A", 11)], notes: [] });
    expect(cut([trade("A", 12)])).toEqual({
      trades: [trade("A", 11)],
      notes: ["buy 12 A is cut to 11: 1000 euros an order."],
    });
    expect(cut([trade("A", 12)], 0, 90, 5).trades).toEqual([trade("A", 10)]);
    expect(cut([trade("A", 11), trade("B", 11)])).toMatchObject({
      trades: [trade("A", 11), trade("B", 5)],
      notes: ["buy 11 B is cut to 5: 1500 euros a day."],
    });
    expect(cut([trade("A", 1)], 1_450)).toMatchObject({ trades: [], notes: [expect.stringContaining("left out")] });
  });

  test("without a price in euros, or with a day that cannot be added up, nothing goes out", () => {
    expect(cut([trade("A", 1)], 0, null).trades).toEqual([]);
    expect(cut([trade("A", 1)], Number.POSITIVE_INFINITY).trades).toEqual([]);
  });
});
