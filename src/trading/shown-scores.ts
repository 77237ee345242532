import { eq } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { cash, positions } from "../db/ledger-schema.ts";
import { type MarketCache, marketNowMs, readScores } from "../db/market-cache.ts";
import { nothingForbidden } from "../planning/input.ts";
import { type Place, placesOf } from "../planning/place.ts";
import { portfolioOf } from "../planning/portfolio.ts";
import type { PlanningSettings } from "../planning/settings.ts";
import type { Score } from "../scoring/score.ts";
import { shownBook } from "./books.ts";
import type { BrokerAccount } from "./broker.ts";
import { gather, type PlanningSources } from "./planning-input.ts";
import { scoreFigures } from "./score-figures.ts";

export type ShownScoresDeps = Pick<PlanningSources, "dayMs" | "settings" | "universe" | "market"> & {
  readonly db: LedgerDb;
  readonly cache: MarketCache;
  readonly nowMs: number;
};

/**
 * The scores that people are shown, by symbol: each as a plan would take it if the portfolio were what the shown book's
 * newest sync has found. While that is not known (never synced, no rate, no price of something held) what depends on the
 * portfolio is unknown.
 */
export function shownScores(deps: ShownScoresDeps): ReadonlyMap<string, Score> {
  const symbols = [...readScores(deps.cache).keys()];
  const { places, ageDays } = placesInBook(deps) ?? { places: new Map<string, Place>(), ageDays: 0 };
  const scores = new Map<string, Score>();
  for (const [symbol, figures] of scoreFigures(deps.cache, symbols, marketNowMs(deps.cache, symbols))) {
    const score = figures.inPortfolio(places.get(symbol) ?? null, ageDays);
    if (score !== null) scores.set(symbol, score);
  }
  return scores;
}

function placesInBook(
  deps: ShownScoresDeps,
): { readonly places: ReadonlyMap<string, Place>; readonly ageDays: number } | null {
  const { db, nowMs, dayMs } = deps;
  const book = shownBook(db);
  const balances = db.select().from(cash).where(eq(cash.book, book)).all();
  const [balance] = balances;
  const settings = settingsOrNull(deps);
  if (balance === undefined || settings === null) return null;
  const held = db.select().from(positions).where(eq(positions.book, book)).all();
  const account: BrokerAccount = {
    accountId: book,
    currency: balance.currency,
    cash: Object.fromEntries(balances.map(({ currency, amount }) => [currency, amount])),
    equity: Number.NaN,
  };
  const sources: PlanningSources = {
    ...deps,
    settings: () => settings,
    tradeTimes: () => new Map(),
    figures: () => new Map(),
    allowances: () => nothingForbidden,
  };
  const gathered = gather(sources, { positions: held, account, open: [] }, nowMs);
  if (gathered.kind === "unknown") return null;
  const { input } = gathered;
  return {
    places: placesOf(input, portfolioOf(input)),
    ageDays: Math.max(0, (nowMs - balance.syncedAtMs) / dayMs),
  };
}

/** Settings that cannot be read stop the trading, which says so; what else is known is shown all the same. */
function settingsOrNull({ settings }: ShownScoresDeps): PlanningSettings | null {
  try {
    return settings();
  } catch {
    return null;
  }
}
