import { afterEach, beforeEach, expect, test } from "vitest";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { readMovements } from "../../../src/db/money-rows.ts";
import { portfolioSyncJob } from "../../../src/jobs/portfolio-sync.ts";
import { moneyView } from "../../../src/money-view.ts";
import { createPaper, type PaperBroker } from "../../../src/trading/brokers/paper.ts";
import { showBook } from "../../../src/trading/books.ts";
import { runCommand } from "../../../src/trading/commands.ts";
import type { TradingDesk } from "../../../src/trading/trading-desk.ts";
import { paperMarket } from "../../support/paper-market.ts";

const DAY_MS = 86_400_000;
const monday = Date.UTC(2026, 10, 16, 14, 15);
const guard = { epoch: 1, remainingMs: () => 1_000, check: () => undefined };
const prices = new Map([["SIE.DE", { price: 100, currency: "EUR" }]]);
const market = paperMarket(() => prices, { base: "EUR", perBase: { USD: 1.25 } });

let ledger: Ledger;
let paper: PaperBroker;
let nowMs: number;
beforeEach(() => {
  nowMs = monday;
  prices.set("SIE.DE", { price: 100, currency: "EUR" });
  ledger = openLedger(":memory:", 0);
  paper = createPaper({ ...market, db: ledger.db, guard, nowMs: () => nowMs, cache: null, fills: () => true });
});
afterEach(() => ledger.close());

const confirm = async () => "confirmed" as const;
const write = <T>(work: () => T): T => work();
const unasked = () => expect.fail("not asked");
const command = (request: object, inForce: { readonly name: string } = paper) => {
  const desk: TradingDesk = {
    brokerNow: () => ({ ...paper, ...inForce }),
    open: unasked,
    openLive: unasked,
    cycleFailed: unasked,
  };
  return runCommand(
    { db: ledger.db, guard, confirm, write, desk, paper, nowMs: () => nowMs, preview: unasked },
    request,
  );
};
const cash = (id: string, direction: "deposit" | "withdraw", amount: number, currency?: string) => ({
  name: "cash",
  id,
  direction,
  amount,
  ...(currency === undefined ? {} : { currency }),
});

async function sync(): Promise<void> {
  const book = "paper/paper-EUR/research";
  showBook(ledger.db, book, (work) => work());
  const text = new Date(nowMs).toISOString().replaceAll(/[-:]|\d\d\.000/g, "");
  const deps = { broker: paper, ledger, book, market: { ...market, rateOn: () => 0.8 }, guard };
  const job = portfolioSyncJob({ ...deps, clock: { nowMs: () => nowMs } });
  expect(await job.run({ text, atMs: nowMs }, new AbortController().signal)).not.toContain("in no movement");
}

/*
 * Mon  100,000.00 EUR; 500 SIE.DE bought at 100.00 = 50,000.00, with a fee of 2.00 and .2% = 100.00: worth 99,898.00.
 * Tue  50,000.00 are paid in: worth 149,898.00, nothing gained.
 * Wed  SIE.DE at 110.00: 500 × 10.00 = 5,000.00 gained; 25,000.00 are taken out: 129,898.00.
 */
test("paper money that is paid in and out is neither gain nor loss", async () => {
  await paper.place({ clientOrderId: "p-1", symbol: "SIE.DE", side: "buy", qty: 500 });
  await sync();
  nowMs += DAY_MS;
  expect(await command(cash("one", "deposit", 50_000))).toEqual({
    outcome: "done",
    confirmed: true,
    message: "50000 EUR of paper money are paid in",
    lines: [],
  });
  await sync();
  nowMs += DAY_MS;
  prices.set("SIE.DE", { price: 110, currency: "EUR" });
  await command(cash("two", "withdraw", 25_000));
  await sync();
  const money = moneyView(ledger.db, "EUR");
  const history = money.history(10);
  const days = history.kind === "known" ? history.value : [];
  expect(days.slice(-3).map(({ totalMinor, flowMinor }) => [totalMinor, flowMinor])).toEqual([
    [9_989_800, 10_000_000],
    [14_989_800, 5_000_000],
    [12_989_800, -2_500_000],
  ]);
  const [first, second, third] = days.slice(-3).map(({ timeWeighted }) => 1 + timeWeighted);
  expect((second ?? 0) / (first ?? 1)).toBeCloseTo(1, 12);
  const gains = money.gains();
  expect(gains.kind === "known" && gains.value.split).toMatchObject({ gainMinor: 489_800, feesMinor: -10_200 });
  expect((third ?? 0) / (second ?? 1)).toBeCloseTo(129_898 / 124_898, 12);
  // 100,000.00 two days ago and 50,000.00 a day ago have become 25,000.00 and 129,898.00: x² + x/2 = 1.54898 a day.
  const analytics = money.analytics(10);
  const rate = analytics.kind === "known" ? analytics.value.performance.moneyWeightedAnnual : null;
  expect(Math.log1p(rate ?? Number.NaN) / 365).toBeCloseTo(Math.log((Math.sqrt(0.25 + 4 * 1.54898) - 0.5) / 2), 9);
});

test("what is asked for twice under one id is booked once, and said so", async () => {
  await command(cash("one", "deposit", 500));
  expect(await command(cash("one", "deposit", 500))).toMatchObject({
    outcome: "done",
    message: "500 EUR of paper money are paid in, as they were before",
  });
  expect(await command(cash("one", "withdraw", 500))).toMatchObject({ outcome: "refused", confirmed: null });
  expect((await paper.account()).cash).toEqual({ EUR: 100_500 });
  await sync();
  expect(readMovements(ledger.db, "paper/paper-EUR/research").map(({ id, minor }) => [id, minor])).toEqual([
    ["opening-cash-EUR", 10_000_000],
    ["cash-one", 50_000],
  ]);
});

test("more than is free is not paid out, and the money of another broker is not moved from here", async () => {
  expect(await command(cash("one", "withdraw", 100_000.01))).toMatchObject({
    outcome: "refused",
    message: "100000.01 EUR would go out, and 100000.00 EUR are free",
  });
  expect(await command(cash("one", "deposit", 500), { name: "alpaca" })).toMatchObject({
    outcome: "refused",
    message: "money is paid in and out at alpaca itself, and booked here as soon as alpaca tells of it",
  });
  expect(await command(cash("one", "deposit", -5))).toMatchObject({ outcome: "refused" });
  expect((await paper.account()).cash).toEqual({ EUR: 100_000 });
});
