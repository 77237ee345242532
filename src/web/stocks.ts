import { z } from "zod";
import { currencyNames, isCurrency } from "../analytics/money/amount.ts";
import { asc, eq, sql } from "../db/drizzle.ts";
import { universe } from "../db/ledger-schema.ts";
import { readBars, readQuotes, type CachedBar, type MarketCache } from "../db/market-cache.ts";
import { EXCHANGES, isExchange } from "../market/calendar/exchange-of.ts";
import { listingOf } from "../market/listing.ts";
import type { Group } from "../scoring/score-part.ts";
import type { Score } from "../scoring/score.ts";
import type { RowDeps } from "./token-rows.ts";

const marginMs = 50;
const stocksMax = 500;

export const symbolSchema = z
  .string()
  .regex(/^[A-Z0-9][A-Z0-9.-]{0,19}$/, "1 to 20 of A-Z, 0-9, dots and hyphens, as the broker writes it");

const word = z.string().trim().min(1).max(60);
/** What an owner says of a stock. */
const stockFields = z.strictObject({
  name: word,
  region: z.enum(universe.region.enumValues),
  industries: z.array(word).min(1).max(5),
  currency: z.string().refine(isCurrency, `one of ${currencyNames}; pounds are GBP, never pence`),
  yahooSymbol: z
    .string()
    .regex(/^[\w.^=-]{1,20}$/, "a symbol of Yahoo's")
    .nullable()
    .default(null),
  exchange: z
    .string()
    .refine(isExchange, `one of ${EXCHANGES.join(", ")}, or nothing where the symbol says it`)
    .nullable()
    .default(null),
  lotSize: z.int().min(1).max(1_000_000).default(1),
  allowBuy: z.boolean().default(true),
  allowSell: z.boolean().default(true),
});
export const newStockSchema = z
  .strictObject({ symbol: symbolSchema, ...stockFields.shape })
  // Without a calendar an exchange never counts as open: the stock could never be traded, and nobody would know why.
  .refine((stock) => stock.exchange !== null || listingOf(stock).exchange !== null, {
    path: ["exchange"],
    message: `it does not follow from the symbol: give one of ${EXCHANGES.join(", ")}`,
  });
/** Only what is given changes. */
export const stockChangeSchema = z
  .strictObject({
    name: word,
    region: stockFields.shape.region,
    industries: stockFields.shape.industries,
    lotSize: z.int().min(1).max(1_000_000),
    allowBuy: z.boolean(),
    allowSell: z.boolean(),
    active: z.boolean(),
  })
  .partial();

export const stockSchema = z.object({
  symbol: z.string(),
  yahooSymbol: z.string().nullable(),
  name: z.string(),
  region: stockFields.shape.region,
  industries: z.array(z.string()),
  currency: z.string(),
  exchange: z.string().nullable(),
  lotSize: z.int(),
  allowBuy: z.boolean(),
  allowSell: z.boolean(),
  active: z.boolean(),
  /** The last good price, in the listing's currency, and when it was fetched. */
  price: z.number().nullable(),
  priceAt: z.iso.datetime().nullable(),
  /** 0..1 in the present portfolio, and how much of what it should rest on was known. */
  score: z.number().nullable(),
  confidence: z.number().nullable(),
  /** Why it may not be traded now; null: it may. */
  blocked: z.string().nullable(),
});
export type StockView = z.infer<typeof stockSchema>;

type StockDeps = RowDeps & {
  readonly cache: MarketCache;
  /** What the market lets nobody trade now, each with why. */
  readonly blocked: () => ReadonlyMap<string, string>;
  /** The scores as they are in the present portfolio. */
  readonly scores: () => ReadonlyMap<string, Score>;
};
type Changed = { readonly confirmed: boolean };

/** The universe in an open ledger, with what the market cache knows of it. A stock is never deleted, only given up. */
export class Stocks {
  readonly #deps: StockDeps;

  constructor(deps: StockDeps) {
    this.#deps = deps;
  }

  list(): readonly StockView[] {
    return this.#views(this.#deps.scores());
  }

  /** One stock, and how its score came about, group by group; null: it has none. */
  find(symbol: string): (StockView & { readonly explanation: readonly Group[] | null }) | undefined {
    const scores = this.#deps.scores();
    const stock = this.#views(scores).find((each) => each.symbol === symbol);
    return stock && { ...stock, explanation: scores.get(symbol)?.groups ?? null };
  }

  #views(scores: ReadonlyMap<string, Score>): readonly StockView[] {
    const { db, cache, blocked } = this.#deps;
    const quotes = readQuotes(cache);
    const reasons = blocked();
    const rows = db.select().from(universe).orderBy(asc(universe.symbol)).all();
    return rows.map(({ industries, ...row }) => {
      const quote = quotes.get(row.symbol);
      const score = scores.get(row.symbol);
      return {
        ...row,
        industries: [...industries],
        price: quote?.price ?? null,
        priceAt: quote === undefined ? null : new Date(quote.fetchedAtMs).toISOString(),
        score: score?.total ?? null,
        confidence: score?.confidence ?? null,
        blocked: reasons.get(row.symbol) ?? null,
      };
    });
  }

  /** The newest daily closes, oldest first. */
  bars(symbol: string, limit: number): readonly CachedBar[] {
    return readBars(this.#deps.cache, symbol, limit);
  }

  /** Takes a stock in, or in again; a text says why not. */
  async add(stock: z.infer<typeof newStockSchema>): Promise<Changed | string> {
    const present = this.list();
    const found = present.find(({ symbol }) => symbol === stock.symbol);
    if (found?.active === true) return `${stock.symbol} is in the universe already`;
    if (present.length >= stocksMax) return `there are ${stocksMax} stocks, which is the most`;
    const set = { ...stock, active: true };
    return this.#write(() =>
      this.#deps.db.insert(universe).values(set).onConflictDoUpdate({ target: universe.symbol, set }).run(),
    );
  }

  /** null: there is no such stock. */
  async change(symbol: string, change: z.infer<typeof stockChangeSchema>): Promise<Changed | null> {
    const known = this.#deps.db.select().from(universe).where(eq(universe.symbol, symbol)).get();
    if (known === undefined) return null;
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    return this.#write(() =>
      this.#deps.db
        .update(universe)
        .set({ symbol: sql`symbol`, ...given })
        .where(eq(universe.symbol, symbol))
        .run(),
    );
  }

  async #write(work: () => unknown): Promise<Changed> {
    const { guard, write, confirm } = this.#deps;
    guard.check(marginMs);
    write(work);
    return { confirmed: (await confirm()) === "confirmed" };
  }
}
