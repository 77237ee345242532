import { describe, expect, test } from "vitest";
import { type KeptOrder, type Placed, standingOf } from "../../../src/trading/owner-orders.ts";
import { SLOT } from "./trading-fixture.ts";

const kept: KeptOrder = {
  id: "wish",
  book: "b",
  symbol: "KO",
  side: "sell",
  qty: 10,
  overrides: [],
  madeAtMs: 0,
  untilMs: 1_000,
  waitsFor: null,
  slot: SLOT,
  n: 1,
  closed: null,
  closedWhy: null,
};
const placed = (over: Partial<Placed>): Placed => ({
  clientOrderId: "x-1",
  symbol: "KO",
  side: "sell",
  qty: 10,
  reason: "because",
  state: "planned",
  filledQty: 0,
  sentAtMs: null,
  ...over,
});
const told = (over: Partial<Placed>, of: Partial<KeptOrder> = {}, nowMs = 5) => {
  const { state, why } = standingOf({ ...kept, ...of }, placed(over), nowMs);
  return `${state}: ${why}`;
};

describe("what has become of an order of the owner's is told by the order that it became", () => {
  test.each<[Partial<Placed>, string]>([
    [{}, "planned: It is order x-1."],
    [{ state: "sent" }, "planned: Order x-1 is sent."],
    [{ state: "unknown", sentAtMs: 1 }, "planned: Order x-1 is unknown."],
    [{ state: "partly-filled", filledQty: 4 }, "planned: Order x-1 is partly-filled, with 4 of 10 filled."],
    [{ state: "filled", filledQty: 10 }, "done: Order x-1 is filled."],
    [{ state: "rejected" }, "ended: Order x-1 was rejected. because"],
    [{ state: "cancelled", filledQty: 4 }, "ended: Order x-1 is cancelled, with 4 of 10 filled."],
    [{ state: "expired" }, "ended: Order x-1 is expired."],
    [
      { state: "not-sent", sentAtMs: 1 },
      "ended: Order x-1 may have been on its way, and the broker does not have it: give it anew if it is still wanted.",
    ],
    [{ state: "not-sent" }, "open: Order x-1 was not sent. The next plan takes it, if no rule forbids it."],
    [{ state: "filled", qty: 9 }, "ended: Another order has its place x-1 at the broker: it was not sent."],
  ])("%j", (over, said) => {
    expect(told(over)).toBe(said);
  });

  test("neither time nor mode nor the owner takes back what was sent; what was not, they do", () => {
    const closed = { closed: "ended", closedWhy: "why" } as const;
    expect(told({ state: "open" }, closed, 2_000)).toBe("planned: Order x-1 is open.");
    expect(told({ state: "not-sent" }, closed)).toBe("ended: why");
    expect(told({ state: "not-sent" }, {}, 1_000)).toMatch(
      /^expired: Until .* could not go out\. Order x-1 was not sent\.$/,
    );
  });
});
