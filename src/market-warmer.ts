import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { AppClock } from "./app-ports.ts";
import { readQuotes } from "./db/market-cache.ts";
import type { MarketDeps } from "./jobs/price-sync.ts";
import { refreshScores, warmMarket } from "./jobs/score-refresh.ts";
import type { Listing } from "./market/listing.ts";

/** App time between two rounds; the primary's price sync has the same. */
const everyAppMs = 5 * 60_000;
/** However fast the app's clock runs, a round is not begun more often than this, in real milliseconds. */
const everyMsMin = 1_000;

export type WarmerOptions = {
  readonly deps: MarketDeps & { readonly clock: AppClock };
  readonly listings: readonly Listing[];
  /** Where the primary's app is; null: there is no primary; "unknown": nobody said yet. */
  readonly primaryApp: () => { readonly address: string } | null | "unknown";
  /** Copies the primary's cache and says what it did; null: a source in process costs nobody anything. */
  readonly copy: ((primaryApp: string, signal: AbortSignal) => Promise<string>) | null;
  readonly log: Logger;
};

/**
 * Keeps a standby's own market cache warm. While a primary is known it copies from that one, so that a source is asked
 * by one node only, and its pace is the pair's; without one it asks the source itself, for the stocks of a new ledger:
 * it may open no ledger to learn of others, which the first price sync after a promotion then adds.
 */
export class MarketWarmer {
  readonly #options: WarmerOptions;
  readonly #stopped = new AbortController();

  constructor(options: WarmerOptions) {
    this.#options = options;
  }

  /** Rounds until `stop`; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const pauseMs = Math.max(everyMsMin, this.#options.deps.clock.realMs(everyAppMs));
    while (!signal.aborted) {
      const isDone = await this.round(signal);
      await sleep(isDone ? pauseMs : everyMsMin, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** One round; a failure is logged, and the next round comes. False: nobody knows yet whom to ask. */
  async round(signal: AbortSignal): Promise<boolean> {
    const { deps, listings, primaryApp, copy, log } = this.#options;
    const primary = primaryApp();
    if (primary === "unknown") return false;
    try {
      const outcome =
        primary === null || copy === null
          ? await warmMarket(deps, listings, signal)
          : `${await copy(primary.address, signal)}; ${await refreshScores(deps, [...readQuotes(deps.cache).keys()], signal)}`;
      log.debug({ outcome }, "market cache warmed");
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "the market cache was not warmed");
    }
    return true;
  }

  stop(): void {
    this.#stopped.abort();
  }
}
