import { afterEach, describe, expect, test } from "vitest";
import { isCurrency } from "../../src/analytics/money/amount.ts";
import { emptyBook, post } from "../../src/analytics/money/book.ts";
import { cashOf, entriesOf } from "../../src/analytics/money/movement.ts";
import { movementOf } from "../../src/trading/bookkeeping.ts";
import type { Broker, BrokerOrder, OrderIntent } from "../../src/trading/broker.ts";

/** What the suite needs of a broker's surroundings; prices and symbols are the embedded market's. */
type BrokerUnderTest = {
  readonly broker: Broker;
  /** The app's clock of the broker. */
  nowMs(): number;
  /** Splits a stock and pays out what is left of a share. */
  split?(symbol: string, newShares: number, oldShares: number): Promise<void>;
  close(): Promise<void>;
};
export type OpenBroker = (options: {
  readonly fills: boolean;
  readonly acceptDuplicates?: boolean;
}) => Promise<BrokerUnderTest>;

const buy = (clientOrderId: string, qty = 2, symbol = "AAPL"): OrderIntent => ({
  clientOrderId,
  symbol,
  side: "buy",
  qty,
});

/** The rules of the broker port; every adapter and every double of it passes them. */
export function brokerContract(name: string, open: OpenBroker, { acceptsDuplicates = true, splits = true } = {}): void {
  describe(`${name}, as a broker`, () => {
    let opened: BrokerUnderTest | undefined;
    afterEach(async () => opened?.close());
    const start = async (options: Parameters<OpenBroker>[0]): Promise<Broker> => {
      opened = await open(options);
      return opened.broker;
    };

    test("a placed order is found by its id, fills, and shows in the positions and the account", async () => {
      const broker = await start({ fills: true });
      const before = await broker.account();
      const placed = await broker.place(buy("pair-20261122T1415Z-1"));
      expect(placed).toMatchObject({ kind: "placed", order: buy("pair-20261122T1415Z-1") });
      const filled = await until(broker, "pair-20261122T1415Z-1", "filled");
      expect(filled).toMatchObject({ ...buy("pair-20261122T1415Z-1"), filledQty: 2 });
      expect(filled.filledAvgPrice).toBeGreaterThan(0);
      expect(await broker.positions()).toEqual([
        { symbol: "AAPL", qty: 2, currency: "USD", avgPrice: filled.filledAvgPrice },
      ]);
      const paid = (filled.filledAvgPrice ?? 0) * 2;
      expect((await broker.activities(0)).find(({ kind }) => kind === "buy")?.price).toBe(filled.filledAvgPrice);
      // It never costs less than its price, and hardly more.
      const worth = before.equity - (await broker.account()).equity;
      expect(worth).toBeGreaterThanOrEqual(-0.01);
      expect(worth).toBeLessThan(2 + 0.01 * paid);
    });

    test("what moved cash and shares is told from an instant on, each with an id of its own, to the cent", async () => {
      const broker = await start({ fills: true });
      const before = await broker.account();
      expect(await broker.activities(0)).toEqual([]);
      for (const [n, symbol] of ["AAPL", "MSFT"].entries()) {
        await broker.place(buy(`pair-20261122T1415Z-${n}`, 3, symbol));
        await until(broker, `pair-20261122T1415Z-${n}`, "filled");
      }
      const told = await broker.activities(0);
      expect(told.filter(({ kind }) => kind === "buy")).toMatchObject([
        { symbol: "AAPL", qty: 3, currency: "USD", amount: null },
        { symbol: "MSFT", qty: 3, currency: "USD", amount: null },
      ]);
      // Besides them only what they cost, and what was changed for them.
      expect(told.map(({ kind }) => kind).filter((kind) => !["buy", "fee", "conversion"].includes(kind))).toEqual([]);
      expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
      const moved = cashOf(told.map((one) => movementOf(one, () => 1)));
      const after = await broker.account();
      for (const currency of new Set([...moved.keys(), ...Object.keys(after.cash).filter(isCurrency)])) {
        const change = (after.cash[currency] ?? 0) - (before.cash[currency] ?? 0);
        expect(change, currency).toBeCloseTo((moved.get(currency) ?? 0) / 100, 6);
      }
      expect(await broker.activities(0)).toEqual(told);
      expect(await broker.activities((opened?.nowMs() ?? 0) + 3_600_000)).toEqual([]);
    });

    test("a used id is a duplicate, whatever the second order says and whatever became of the first", async () => {
      const broker = await start({ fills: false });
      const first = await broker.place(buy("pair-20261122T1415Z-1"));
      expect(await broker.place(buy("pair-20261122T1415Z-1"))).toEqual({ kind: "duplicate" });
      expect(await broker.place(buy("pair-20261122T1415Z-1", 9, "MSFT"))).toEqual({ kind: "duplicate" });
      expect(first.kind === "placed" && (await broker.cancel(first.order.brokerOrderId))).toBe("accepted");
      expect(await broker.place(buy("pair-20261122T1415Z-1"))).toEqual({ kind: "duplicate" });
      expect(await broker.findByClientOrderId("pair-20261122T1415Z-1")).toMatchObject({ state: "cancelled", qty: 2 });
    });

    test("an order that has ended cannot be cancelled", async () => {
      const broker = await start({ fills: true });
      await broker.place(buy("pair-20261122T1415Z-1"));
      const filled = await until(broker, "pair-20261122T1415Z-1", "filled");
      expect(await broker.cancel(filled.brokerOrderId)).toBe("too-late");
    });

    test("an unknown id is null, not an error", async () => {
      const broker = await start({ fills: true });
      expect(await broker.findByClientOrderId("pair-20261122T1415Z-7")).toBeNull();
    });

    test("what the broker will not do is refused with its reason and leaves no order", async () => {
      const broker = await start({ fills: true });
      const tooMuch = await broker.place(buy("pair-20261122T1415Z-1", 900_000));
      expect(tooMuch).toMatchObject({ kind: "refused", reason: expect.stringContaining("buying power") });
      const notHeld = await broker.place({ ...buy("pair-20261122T1415Z-2"), side: "sell" });
      expect(notHeld).toMatchObject({ kind: "refused", reason: expect.stringContaining("qty") });
      expect(await broker.listByPrefix("pair-", 0)).toEqual([]);
    });

    test("a listing holds every order of the prefix in any state, newest first, from an instant on", async () => {
      const broker = await start({ fills: false });
      const first = await broker.place(buy("pair-20261122T1415Z-1"));
      if (first.kind === "placed") await broker.cancel(first.order.brokerOrderId);
      await broker.place(buy("other-20261122T1415Z-1"));
      await broker.place(buy("pair-20261122T1415Z-2"));
      const listed = await broker.listByPrefix("pair-", 0);
      expect(listed.map((order) => order.clientOrderId)).toEqual(["pair-20261122T1415Z-2", "pair-20261122T1415Z-1"]);
      expect(listed.map((order) => order.state)).toEqual(["open", "cancelled"]);
      expect(await broker.listByPrefix("pair-", (opened?.nowMs() ?? 0) + 3_600_000)).toEqual([]);
    });

    test("an account states its currency, and its cash by currency: its own is always there", async () => {
      const broker = await start({ fills: true });
      const { currency, cash, equity } = await broker.account();
      expect(Object.keys(cash)).toContain(currency);
      expect(equity).toBe(cash[currency]);
    });

    // Not every broker can be made to split a stock, or to accept an id twice.
    if (splits) {
      test("a split moves shares and no value, and what is told of it explains the shares and the cash", async () => {
        const broker = await start({ fills: true });
        await broker.place(buy("pair-20261122T1415Z-1", 5));
        await until(broker, "pair-20261122T1415Z-1", "filled");
        const before = await broker.account();
        await opened?.split?.("AAPL", 2, 1);
        expect(await broker.positions()).toMatchObject([{ symbol: "AAPL", qty: 10 }]);
        await opened?.split?.("AAPL", 1, 4);
        expect(await broker.positions()).toMatchObject([{ symbol: "AAPL", qty: 2 }]);
        const told = (await broker.activities(0)).map((one) => movementOf(one, () => 1));
        expect(told.map(({ kind, qty }) => [kind, qty])).toEqual([
          ["buy", 5],
          ["split", -5],
          ["split", 10],
          ["split", -10],
          ["split", 2.5],
          ["cash-in-lieu", 0.5],
        ]);
        const book = entriesOf(told).reduce((so, entry) => post(so, entry, () => 1), emptyBook("USD"));
        expect(book.positions.get("AAPL")?.qty).toBe(2);
        const after = await broker.account();
        expect((book.cash.get("USD") ?? 0) / 100).toBeCloseTo((after.cash["USD"] ?? 0) - 100_000, 6);
        expect(after.equity).toBeCloseTo(before.equity, 1);
      });
    }
    if (!acceptsDuplicates) return;
    test("where the broker accepts an id twice, the listing shows both orders", async () => {
      const broker = await start({ fills: false, acceptDuplicates: true });
      await broker.place(buy("pair-20261122T1415Z-1"));
      await broker.place(buy("pair-20261122T1415Z-1", 5, "MSFT"));
      const listed = await broker.listByPrefix("pair-20261122T1415Z-1", 0);
      expect(listed.map((order) => order.symbol)).toEqual(["MSFT", "AAPL"]);
    });
  });
}

const LOOKS_MAX = 400;

/** Looks until the order is in this state; every look is a round trip, so this is bounded by them. */
async function until(broker: Broker, clientOrderId: string, state: BrokerOrder["state"]): Promise<BrokerOrder> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    const order = await broker.findByClientOrderId(clientOrderId);
    if (order?.state === state) return order;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${clientOrderId} did not become ${state}`);
}
