import type { Job } from "../app-ports.ts";
import type { Ledger } from "../db/ledger.ts";
import { readFundamentals, writeFundamentals } from "../db/fundamentals-cache.ts";
import type { Listing } from "../market/listing.ts";
import type { MarketSource } from "../market/source.ts";
import { watchedListings, type MarketDeps } from "./price-sync.ts";
import { SourceRound } from "./source-round.ts";

/** Analysts' words are news for a day; the figures beside them come with the same request. */
const FRESH_MS = 24 * 3_600_000;

type CompanyDeps = Omit<MarketDeps, "base" | "source"> & { readonly company: NonNullable<MarketSource["company"]> };

/** Every half hour: figures of the companies whose last ones are a day old into the market cache. */
export const companySyncJob = (deps: CompanyDeps & { readonly ledger: Ledger }): Job => ({
  name: "company-sync",
  cron: "*/30 * * * *",
  catchUp: "newest",
  run: (_slot, signal) => refreshCompanies(deps, watchedListings(deps.ledger), signal),
});

/**
 * Brings the figures of these companies up to date and says what it did. A company that fails keeps its last ones;
 * throws when the source answered for none. That a source has none of a company is remembered as well.
 */
async function refreshCompanies(
  { company, cache, clock, onProgress }: CompanyDeps,
  listings: readonly Listing[],
  signal: AbortSignal,
): Promise<string> {
  const known = readFundamentals(cache);
  const due = listings.filter(
    ({ symbol }) => clock.nowMs() - (known.get(symbol)?.fetchedAtMs ?? -Infinity) >= FRESH_MS,
  );
  const round = new SourceRound("companies", due.length, onProgress, signal);
  let told = 0;
  for (const { symbol, yahooSymbol } of due) {
    await round.step(symbol, async () => {
      const figures = await company(yahooSymbol, signal);
      writeFundamentals(cache, { symbol, figures, fetchedAtMs: clock.nowMs() });
      told++;
      return figures === null ? "the source has no figures" : null;
    });
  }
  if (told === 0 && due.length > 0) throw new Error(`no figures: ${round.troubles.join("; ")}`.slice(0, 300));
  return `figures of ${told} companies${round.without()}`;
}
