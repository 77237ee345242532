import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { AppClock } from "./app-ports.ts";
import type { MarketDeps } from "./jobs/price-sync.ts";
import { warmMarket } from "./jobs/score-refresh.ts";
import type { Listing } from "./market/listing.ts";

/** App time between two rounds; the primary's price sync has the same. */
const everyAppMs = 5 * 60_000;
/** However fast the app's clock runs, a round is not begun more often than this, in real milliseconds. */
const everyMsMin = 1_000;

/**
 * Keeps a standby's own market cache warm, for the stocks that it is given, those of a new ledger: it may open no ledger to learn of others,
 * which the first price sync after a promotion then adds.
 */
export class MarketWarmer {
  readonly #deps: MarketDeps & { readonly clock: AppClock };
  readonly #listings: readonly Listing[];
  readonly #log: Logger;
  readonly #stopped = new AbortController();

  constructor(deps: MarketDeps & { readonly clock: AppClock }, listings: readonly Listing[], log: Logger) {
    this.#deps = deps;
    this.#listings = listings;
    this.#log = log;
  }

  /** Rounds until `stop`; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const pauseMs = Math.max(everyMsMin, this.#deps.clock.realMs(everyAppMs));
    while (!signal.aborted) {
      await this.round(signal);
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** One round; a failure is logged, and the next round comes. */
  async round(signal: AbortSignal): Promise<void> {
    try {
      const outcome = await warmMarket(this.#deps, this.#listings, signal);
      this.#log.debug({ outcome }, "market cache warmed");
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error }, "the market cache was not warmed");
    }
  }

  stop(): void {
    this.#stopped.abort();
  }
}
