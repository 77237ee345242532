import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "vitest";
import { z } from "zod";
import { openMarketCache, writeRate } from "../../src/db/market-cache.ts";
import { parseClientOrderId } from "../../src/trading/plan-record.ts";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, getJson } from "./demo-process.ts";
import type { Pair } from "./pair.ts";
import { attempts } from "./pair-checks.ts";
import { switchover } from "./pair-rounds.ts";

/** A slot takes four seconds and trades in most; the rest is the load of the machine. */
const LIMIT_MS = 60_000;
const ACCOUNT = "SIMULATED";
const LIMITS = { orderEurMax: 2_000, dayEurMax: 100_000 };
const EUR_FOR_A_DOLLAR = 0.9;

/** A node that is started with this takes the exchange simulator for somebody's account. */
export const realMoney = { TRADER_EXCHANGE_MONEY: "real" };

/** The recorded market has no euros, which limits are in. The node is not running: an app alone has its cache open. */
export function knowsEuros({ dataDir }: ReadyNode): void {
  const cache = openMarketCache(join(dataDir, "market.db"));
  const aCenturyOn = Date.UTC(2100);
  const rate = { currency: "EUR", base: "USD", perBase: EUR_FOR_A_DOLLAR };
  writeRate(cache, { ...rate, asOfMs: aCenturyOn, fetchedAtMs: aCenturyOn });
  cache.close();
}

const planRow = z.object({ book: z.string(), slot: z.string(), node: z.string(), status: z.string() });
const orderRow = z.looseObject({
  book: z.string(),
  slot: z.string(),
  n: z.int(),
  clientOrderId: z.string(),
  state: z.string(),
});
type Rows = {
  readonly plans: readonly z.infer<typeof planRow>[];
  readonly orders: readonly z.infer<typeof orderRow>[];
};

/** Plans and orders in the ledger of the node that leads, oldest first. */
function rowsOf(node: ReadyNode): Rows {
  const db = new Database(join(node.dataDir, "ledger", "ledger.db"), { readonly: true, fileMustExist: true });
  try {
    const plans = db.prepare("SELECT book, slot, node, status FROM plans ORDER BY slot").all();
    const orders = db.prepare("SELECT client_order_id AS clientOrderId, * FROM order_intents ORDER BY slot, n").all();
    return { plans: z.array(planRow).parse(plans), orders: z.array(orderRow).parse(orders) };
  } finally {
    db.close();
  }
}

const modeSchema = z.object({ mode: z.string().nullable(), broker: z.string().nullable() });
const live = `alpaca/${ACCOUNT}/live`;
const research = "paper/paper/research";
/** Plans that were made here, and not adopted from what the exchange had under research. */
const madeIn = (rows: Rows, book: string, fromSlot: string): Rows["plans"] =>
  rows.plans.filter((plan) => plan.book === book && plan.slot >= fromSlot);
const filledIn = (rows: Rows, book: string, fromSlot: string): readonly string[] =>
  rows.orders
    .filter((order) => order.book === book && order.slot >= fromSlot && order.state === "filled")
    .map(({ clientOrderId }) => clientOrderId);
/** Everything in other books than the live one. */
const apart = ({ plans, orders }: Rows): Rows => ({
  plans: plans.filter(({ book }) => book !== live),
  orders: orders.filter(({ book }) => book !== live),
});

/** The slot of the newest plan in a book. */
const newestSlot = (rows: Rows, book: string): string =>
  rows.plans.findLast((plan) => plan.book === book)?.slot ?? "none";

/** What the exchange was sent in slots after this one. */
async function sentAfter(pair: Pair, slot: string): Promise<z.infer<typeof attempts>> {
  const journal = await getJson(pair.line.exchange.port, "/journal", attempts);
  return journal.filter(({ clientOrderId }) => (parseClientOrderId("demo", clientOrderId)?.slot ?? "") > slot);
}

/** With real money and live trading off, the paper broker is traded with and the exchange is sent nothing. */
export async function tradesOnPaper(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  let began = "none";
  await eventually("the paper book is traded", LIMIT_MS, () => {
    const rows = rowsOf(primary);
    began = rows.plans.find(({ book }) => book === research)?.slot ?? "none";
    return filledIn(rows, research, "").length > 0;
  });
  expect((await sentAfter(pair, began)).map(({ clientOrderId }) => clientOrderId)).toEqual([]);
}

/** Paper money is paid in under one id, by whoever leads, and lies in the account once. */
export async function paysIn(pair: Pair, said: string): Promise<void> {
  const { primary } = await pair.protected();
  const paid = await pair.trader(primary, "cash", "deposit", "1234.50", "--id", "once");
  // Whether the other node has confirmed it by then is not what this is about.
  expect([paid.code, paid.stdout]).toEqual([
    0,
    expect.stringContaining(`Done: 1234.5 USD of paper money are ${said}\n`),
  ]);
  const beyond = await pair.trader(primary, "cash", "withdraw", "900000000");
  expect([beyond.code, beyond.stdout]).toEqual([2, expect.stringMatching(/would go out, and [\d.]+ USD are free/)]);
  await eventually("it is booked", LIMIT_MS, () => cashRows(primary).movements.length > 0);
  expect(cashRows(primary)).toEqual({ paid: [["once", 123_450]], movements: [["cash-once", 123_450]] });
}

/** What was paid in, as the paper broker and as the book has it; minor units by id. */
function cashRows(node: ReadyNode): Readonly<Record<"paid" | "movements", readonly unknown[]>> {
  const db = new Database(join(node.dataDir, "ledger", "ledger.db"), { readonly: true, fileMustExist: true });
  try {
    return {
      paid: db.prepare("SELECT id, minor FROM paper_cash").raw().all(),
      movements: db.prepare("SELECT id, minor FROM movements WHERE kind = 'deposit'").raw().all(),
    };
  } finally {
    db.close();
  }
}

/** Live trading goes on: with the right account and limits, from the next slot on, and nothing of research is touched. */
export async function goesLive(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  const limits = ["--order-max-eur", `${LIMITS.orderEurMax}`, "--day-max-eur", `${LIMITS.dayEurMax}`];
  const wrong = await pair.trader(primary, "live", "on", ...limits, "--account", "another");
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("nothing was changed")]);
  const on = await pair.trader(primary, "live", "on", ...limits, "--account", ACCOUNT);
  expect(on.stdout).toMatch(
    /would move real money[^]*account SIMULATED at alpaca[^]*Done: live trading is on for account/,
  );
  expect([on.code, on.stdout]).toEqual([0, expect.not.stringContaining("not confirmed")]);
  // The cycle that runs at this moment was begun in research, and ends there.
  const before = newestSlot(rowsOf(primary), research);
  await tradesLive(pair, primary, before);
  const paid = await pair.trader(primary, "cash", "deposit", "500");
  expect([paid.code, paid.stdout]).toEqual([2, expect.stringContaining("paid in and out at alpaca itself")]);
}

/** Orders reach the exchange in the live book, and research stays as it is. */
async function tradesLive(pair: Pair, leader: ReadyNode, afterSlot: string): Promise<void> {
  let first = "none";
  await eventually("a live plan was made here", LIMIT_MS, () => {
    const made = rowsOf(leader).plans.find(
      (plan) => plan.book === live && plan.slot > afterSlot && plan.node === leader.name,
    );
    first = made?.slot ?? "none";
    return made !== undefined;
  });
  const asBefore = apart(rowsOf(leader));
  let filled: readonly string[] = [];
  await eventually("a live order is filled", LIMIT_MS, () => {
    filled = filledIn(rowsOf(leader), live, first);
    return filled.length > 0;
  });
  const sent = await sentAfter(pair, afterSlot);
  expect(filled.filter((id) => !sent.some((one) => one.clientOrderId === id && one.outcome === "accepted"))).toEqual(
    [],
  );
  expect(apart(rowsOf(leader))).toEqual(asBefore);
  expect(await getJson(leader.appPort, "/api/trading", modeSchema)).toEqual({ mode: "live", broker: "alpaca" });
}

/** The other node leads by a switchover, and goes on with the live book. */
export async function staysLive(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  const before = newestSlot(rowsOf(primary), live);
  expect((await switchover(pair)).violations).toEqual([]);
  const { primary: leads } = await pair.protected();
  expect(leads.name).not.toBe(primary.name);
  await tradesLive(pair, leads, before);
}

/** Live trading ends: the paper book is traded from the next slot on, and the exchange is sent nothing more. */
export async function goesBackToPaper(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  const before = newestSlot(rowsOf(primary), research);
  const off = await pair.trader(primary, "live", "off");
  expect([off.code, off.stdout]).toEqual([0, expect.stringContaining("Done: ")]);
  let first = "none";
  await eventually("the paper book is traded again", LIMIT_MS, () => {
    const rows = rowsOf(primary);
    first = rows.plans.find((plan) => plan.book === research && plan.slot > before)?.slot ?? "none";
    return filledIn(rows, research, first).length > 0;
  });
  const rows = rowsOf(primary);
  expect(madeIn(rows, live, first)).toEqual([]);
  expect((await sentAfter(pair, first)).map(({ clientOrderId }) => clientOrderId)).toEqual([]);
}
