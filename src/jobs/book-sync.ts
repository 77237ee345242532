import { amountText, isCurrency, type Currency } from "../analytics/money/amount.ts";
import { dayOf, type Movement } from "../analytics/money/movement.ts";
import { exactShares, sharesText } from "../analytics/money/shares.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { barUpTo, readQuotes, readRates, type MarketCache } from "../db/market-cache.ts";
import {
  addMovements,
  bookedCash,
  bookedShares,
  halfSplits,
  movementIdsAfter,
  newestMovementMs,
  readAccountDays,
  writeAccountDay,
} from "../db/money-rows.ts";
import { readSplits } from "../db/splits-cache.ts";
import { RATE_STALE_MS } from "../market/fx/rate-gate.ts";
import { rateSymbol } from "../market/fx/rates.ts";
import { accountDay, minorCash, movementOf, openingOf, type RateOn, type Valuation } from "../trading/bookkeeping.ts";
import { isBeforeSplit } from "../trading/market-view.ts";
import type { Broker, BrokerAccount, BrokerPosition } from "../trading/broker.ts";

/** How far back activities are read again: a broker may book a dividend days after its date. */
const OVERLAP_MS = 4 * 86_400_000;

/** For so long after its day an account is not valued while its shares and what moved them do not agree. */
const ON_THE_WAY_MS = 3 * 86_400_000;

/** For so long a day tells of a split. */
const SPLIT_TOLD_MS = 7 * 86_400_000;

/** Where prices and rates come from, and what everything is converted to. */
export type BookMarket = { readonly valuation: () => Valuation; readonly rateOn: RateOn };

/**
 * The market cache as books see it: the last good price, unless its stock has split since then (`splits`: when), and
 * rate, and the rates of past days.
 */
export const cachedMarket = (
  cache: MarketCache,
  base: string,
  splits: () => ReadonlyMap<string, number>,
): BookMarket => ({
  valuation: () => ({
    base,
    prices: pricesAfter(cache, splits()),
    rates: new Map([...readRates(cache, base)].map(([currency, { perBase }]) => [currency, 1 / perBase])),
    splits: splitsInPrices(cache),
  }),
  rateOn: (currency, atMs) => {
    if (currency === base) return 1;
    const bar = barUpTo(cache, rateSymbol(base, currency), atMs);
    if (bar !== null && atMs - bar.dayMs <= RATE_STALE_MS) return 1 / bar.close;
    const current = readRates(cache, base).get(currency);
    return current !== undefined && Math.abs(current.fetchedAtMs - atMs) <= RATE_STALE_MS ? 1 / current.perBase : null;
  },
});

const pricesAfter = (cache: MarketCache, splits: ReadonlyMap<string, number>): Valuation["prices"] =>
  new Map([...readQuotes(cache)].filter(([, quote]) => !isBeforeSplit(quote, splits)));

/** The splits that the prices of now have had lately: a week covers days that were not valued. */
function splitsInPrices(cache: MarketCache): ReadonlyMap<string, number> {
  const quotes = readQuotes(cache);
  return new Map(
    readSplits(cache).flatMap(({ symbol, atMs }) => {
      const sinceMs = (quotes.get(symbol)?.asOfMs ?? Number.NEGATIVE_INFINITY) - atMs;
      return sinceMs >= 0 && sinceMs < SPLIT_TOLD_MS ? [[symbol, atMs] as const] : [];
    }),
  );
}

/** Movements that the ledger does not have yet. */
export type NewMovements = {
  readonly rows: readonly Movement[];
  /** The cash before they were read, of a book that has none yet; null of any other. */
  readonly firstCash: BrokerAccount["cash"] | null;
};

/**
 * Reads what moved the account since the newest movement, with some days before it; everything when the book is new,
 * and once a day when its cash or its shares are not the broker's. Throws on a failed read, and writes nothing.
 */
export async function readNewMovements(
  db: LedgerDb,
  book: string,
  broker: Broker,
  rateOn: RateOn,
  nowMs: number,
): Promise<NewMovements> {
  const newestMs = newestMovementMs(db, book);
  const firstCash = newestMs === null ? (await broker.account()).cash : null;
  const sinceMs = newestMs === null || isAstray(db, book, nowMs) ? 0 : newestMs - OVERLAP_MS;
  const known = movementIdsAfter(db, book, sinceMs - 1);
  const told = (await broker.activities(Math.max(0, sinceMs))).filter(({ id }) => !known.has(id));
  return { rows: told.map((activity) => movementOf(activity, rateOn)), firstCash };
}

/** Whether cash or shares and the book differed when the account was last written, on an earlier day. */
function isAstray(db: LedgerDb, book: string, nowMs: number): boolean {
  const last = readAccountDays(db, book, 1)[0];
  if (last === undefined || last.dayMs === dayOf(nowMs)) return false;
  return astrayOf(bookedCash(db, book), last.cash).length > 0 || sharesAstray(db, book, last.held).length > 0;
}

/** What the broker has beyond the book, by currency; what agrees is left out. */
function astrayOf(
  booked: ReadonlyMap<Currency, number>,
  told: { readonly [currency: string]: number },
): readonly (readonly [Currency, number])[] {
  return [...new Set([...booked.keys(), ...Object.keys(told).filter(isCurrency)])]
    .map((currency) => [currency, (told[currency] ?? 0) - (booked.get(currency) ?? 0)] as const)
    .filter(([, minor]) => minor !== 0);
}

/** What the broker holds and no movement explains, in words. */
function sharesAstray(db: LedgerDb, book: string, held: { readonly [symbol: string]: number }): readonly string[] {
  const booked = bookedShares(db, book);
  return [...new Set([...Object.keys(held), ...booked.keys()])].flatMap((symbol) => {
    const astray = exactShares((held[symbol] ?? 0) - (booked.get(symbol) ?? 0));
    return astray === 0 ? [] : [`${sharesText(astray)} shares of ${symbol} are in no movement yet`];
  });
}

/**
 * Why what is held now cannot be valued: a broker tells of positions and of what moved them at different moments, and a
 * day that ended in between would have a value that never was. What stays like that for days is not on its way any more.
 */
function sharesOnTheWay(
  db: LedgerDb,
  book: string,
  held: { readonly [symbol: string]: number },
  nowMs: number,
): string | null {
  const [half] = halfSplits(db, book);
  if (half !== undefined) return `${half} splits, and the broker has not told of its new shares`;
  const [first] = sharesAstray(db, book, held);
  const last = readAccountDays(db, book, 1)[0];
  if (first === undefined || last === undefined || nowMs - last.dayMs > ON_THE_WAY_MS) return null;
  return sharesAstray(db, book, last.held).includes(first) ? null : first;
}

type Seen = {
  readonly book: string;
  readonly fresh: NewMovements;
  readonly held: readonly BrokerPosition[];
  readonly account: BrokerAccount;
  readonly nowMs: number;
};

/** Writes movements and the account's day, and says what does not add up; to be called within the caller's transaction. */
export function writeBook(db: LedgerDb, { book, fresh, held, account, nowMs }: Seen, market: BookMarket): string {
  const { rows, firstCash } = fresh;
  const opening = firstCash === null ? [] : openingOf(rows, held, account, nowMs, market.rateOn);
  addMovements(db, book, [...opening, ...rows]);
  const shares = Object.fromEntries(held.map(({ symbol, qty }) => [symbol, qty]));
  const day = sharesOnTheWay(db, book, shares, nowMs) ?? accountDay(held, account, market.valuation(), nowMs);
  if (typeof day !== "string") writeAccountDay(db, book, day);
  const astray = astrayOf(bookedCash(db, book), minorCash(account.cash));
  return [
    ...(rows.length === 0 ? [] : [`${rows.length} movements`]),
    ...(typeof day === "string" ? [`the day is not valued: ${day}`] : []),
    ...astray.map(([currency, minor]) => `${amountText(minor, currency)} of the cash are in no movement yet`),
    ...sharesAstray(db, book, shares),
    ...rows.flatMap(({ kind, id, note }) => (kind === "unbooked" ? [`${note} (${id}) is not understood`] : [])),
  ]
    .map((text) => `, ${text}`)
    .join("");
}
