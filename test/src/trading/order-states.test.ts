import { describe, expect, test } from "vitest";
import {
  type OrderState,
  assertNewPlan,
  assertPlanChange,
  isNewer,
  mayBecome,
  mayTurn,
  orderStateOf,
} from "../../../src/trading/order-states.ts";
import type { Intent } from "../../../src/trading/plan-record.ts";
import { intent, plan } from "./trading-fixture.ts";

/** Rows go where the columns say; `x` is legal, everything else is a broken invariant. Written by hand from section 6. */
const table = `
                planned confirmed sent unknown open partly-filled filled rejected cancelled expired not-sent
planned         x       x         .    x       x    x             x      x        x         x       x
confirmed       .       x         x    x       x    x             x      x        x         x       x
sent            .       .         x    x       x    x             x      x        x         x       x
unknown         .       .         x    x       x    x             x      x        x         x       x
open            .       .         .    .       x    x             x      x        x         x       .
partly-filled   .       .         .    .       .    x             x      x        x         x       .
filled          .       .         .    .       .    .             x      .        .         .       .
rejected        .       .         .    .       x    x             x      x        x         x       .
cancelled       .       .         .    .       .    .             .      .        x         .       .
expired         .       .         .    .       .    .             .      .        .         x       .
not-sent        .       .         .    .       x    x             x      x        x         x       x
`;
const lines = table.trim().split("\n");
const legal = new Map(lines.slice(1).map((line) => [line.split(/ +/)[0], line.split(/ +/).slice(1)]));
const states = [
  "planned",
  "confirmed",
  "sent",
  "unknown",
  "open",
  "partly-filled",
  "filled",
  "rejected",
  "cancelled",
  "expired",
  "not-sent",
] as const satisfies readonly OrderState[];
const cases = states.flatMap((from) => states.map((to, at) => [from, to, legal.get(from)?.[at] === "x"] as const));

test.each(cases)("from %s to %s: %s", (from, to, allowed) => {
  expect(mayBecome(from, to)).toBe(allowed);
});

test("the table names every state, in this order", () => {
  expect(lines[0]?.trim().split(/ +/)).toEqual(states);
  expect([...legal.keys()]).toEqual(states);
  expect(cases.filter(([, , allowed]) => allowed)).toHaveLength(65);
});

test.each([
  ["planned", ["planned", "confirmed", "done", "ended"]],
  ["confirmed", ["confirmed", "done", "ended"]],
  ["done", ["done", "ended"]],
  ["ended", ["ended"]],
] as const)("a plan that is %s may become %j and nothing else", (from, to) => {
  const all = ["planned", "confirmed", "done", "ended"] as const;
  expect(all.filter((status) => mayTurn(from, status))).toEqual(to);
});

test("a planned order of a confirmed plan is confirmed; every other is what it is", () => {
  expect(orderStateOf({ status: "confirmed" }, { state: "planned" })).toBe("confirmed");
  expect(orderStateOf({ status: "planned" }, { state: "planned" })).toBe("planned");
  expect(orderStateOf({ status: "confirmed" }, { state: "open" })).toBe("open");
});

const at = (over: Partial<Intent>): Intent => intent(1, over);
const adopting = (over: Partial<Intent>) => assertPlanChange(plan([at({})]), { intents: [intent(2, over)] });

const change = (before: Partial<Intent>, after: Partial<Intent>, status: "planned" | "confirmed" = "confirmed") =>
  assertPlanChange(plan([at(before)], { status }), { intents: [at(after)] });

describe("where the ledger is written", () => {
  test("nothing is sent from a plan that is not confirmed", () => {
    expect(() => change({}, { state: "sent" }, "planned")).toThrow("order 1 goes from planned to sent");
    expect(() => change({}, { state: "sent" })).not.toThrow();
  });

  test("an order loses no fills, becomes no other order, and what the broker rejected stays so", () => {
    const known = { state: "partly-filled", brokerOrderId: "x", filledQty: 3 } as const;
    expect(() => change(known, { ...known, filledQty: 2 })).toThrow("loses fills");
    expect(() => change(known, { ...known, brokerOrderId: "y" })).toThrow("becomes another order");
    expect(() => change({ state: "rejected", brokerOrderId: "x" }, { state: "open", brokerOrderId: "x" })).toThrow(
      "was rejected by the broker",
    );
    expect(() => change({ state: "rejected" }, { state: "open", brokerOrderId: "x" })).not.toThrow();
  });

  test("a plan begins with what was not sent, or with what was found at the broker", () => {
    expect(() => assertNewPlan(plan([at({}), intent(2)]))).not.toThrow();
    expect(() => assertNewPlan(plan([at({ state: "sent" })]))).toThrow("begins as sent");
    const found = at({ state: "open", brokerOrderId: "x" });
    expect(() => assertNewPlan(plan([found], { status: "ended" }))).not.toThrow();
    expect(() => assertNewPlan(plan([found]))).toThrow("begins as open");
  });

  test("a place that is in no plan comes from the broker only", () => {
    expect(() => adopting({ state: "filled", brokerOrderId: "x" })).not.toThrow();
    expect(() => adopting({})).toThrow("not in the plan");
  });
});

test("what a late listing says of an order is not newer than what is known", () => {
  const known = { state: "partly-filled", brokerOrderId: "x", filledQty: 3 } as const;
  expect(isNewer(known, { ...known, filledQty: 4 })).toBe(true);
  expect(isNewer(known, { ...known, state: "cancelled" })).toBe(true);
  expect(isNewer(known, { ...known, state: "open", filledQty: 0 })).toBe(false);
  expect(isNewer(known, { ...known, state: "filled", filledQty: 2 })).toBe(false);
  expect(isNewer({ ...known, state: "filled" }, { ...known, state: "cancelled" })).toBe(false);
});
