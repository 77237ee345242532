import { desc, eq } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { jobRuns } from "../db/ledger-schema.ts";
import { type MarketCache, readQuotes } from "../db/market-cache.ts";
import { priceMsMax, watchedListings } from "./price-sync.ts";

const REASON_MAX = 200;
/** What these say why they failed holds no amounts. */
const marketJobs: ReadonlySet<string> = new Set(["price-sync", "company-sync", "score-refresh"]);

type WorkDeps = {
  readonly ledger: Ledger;
  readonly cache: MarketCache;
  /** Names of the jobs. */
  readonly jobs: readonly string[];
  /** App clock. */
  readonly nowMs: number;
};

/** What anybody may know of jobs that fail and of prices that are not new, one sentence each; nothing while all is well. */
export const workNotes = (deps: WorkDeps): readonly string[] => [
  ...deps.jobs.flatMap((job) => failureOf(deps, job)),
  ...priceNotes(deps),
];

/** A job fails until a run of it has ended well; one that was only cut off has not failed. */
function failureOf({ ledger: { db } }: WorkDeps, job: string): readonly string[] {
  const newest = db.select().from(jobRuns).where(eq(jobRuns.job, job)).orderBy(desc(jobRuns.slot)).limit(1).get();
  if (newest === undefined) return [];
  const { slot, status, attempts, outcome } = newest;
  if (status === "running") return attempts > 1 ? [`${job} of ${slot} is being tried again.`] : [];
  const failed = status === "failed" ? attempts > 0 : outcome?.startsWith("gave up") === true;
  if (!failed) return [];
  const why = marketJobs.has(job) ? (outcome ?? "no reason").slice(0, REASON_MAX) : "the page of jobs says why";
  return [`${job} of ${slot} failed, tried ${attempts === 1 ? "once" : `${attempts} times`}: ${why}.`];
}

function priceNotes({ ledger, cache, nowMs }: WorkDeps): readonly string[] {
  const quotes = readQuotes(cache);
  const listings = watchedListings(ledger);
  const fetched = listings.flatMap(({ symbol }) => quotes.get(symbol)?.fetchedAtMs ?? []);
  const old = fetched.filter((atMs) => nowMs - atMs > priceMsMax);
  const absent = listings.length - fetched.length;
  const oldest = old.reduce((first, atMs) => Math.min(first, atMs), nowMs);
  return [
    ...(old.length === 0
      ? []
      : [
          `No new price of ${old.length} of ${listings.length} stocks: their last good ones are kept, the oldest is of ${instantText(oldest)}, ${Math.floor((nowMs - oldest) / 60_000)} minutes ago.`,
        ]),
    ...(absent === 0 ? [] : [`No price yet of ${absent} of ${listings.length} stocks.`]),
  ];
}

const instantText = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16)}Z`;
