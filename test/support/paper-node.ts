import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Currency } from "../../src/analytics/money/amount.ts";
import { openLedger } from "../../src/db/ledger.ts";
import { openMarketCache, readQuotes, writeQuotes, type MarketCache } from "../../src/db/market-cache.ts";
import { splitInstants } from "../../src/db/money-rows.ts";
import { cachedMarket } from "../../src/jobs/book-sync.ts";
import { portfolioSyncJob } from "../../src/jobs/portfolio-sync.ts";
import { refreshPrices } from "../../src/jobs/price-sync.ts";
import { slotAt } from "../../src/jobs/slots.ts";
import type { Listing } from "../../src/market/listing.ts";
import type { MarketSource } from "../../src/market/source.ts";
import { createPaper, type PaperBroker } from "../../src/trading/brokers/paper.ts";
import { showBook } from "../../src/trading/books.ts";
import { paperMarket } from "./paper-market.ts";

export const heldLease = { epoch: 1, remainingMs: () => 1_000, check: (): void => undefined };
const disposable = (of: MarketCache): MarketCache & Disposable => ({ ...of, [Symbol.dispose]: () => of.close() });

/**
 * A node with a ledger, a cache of the market and the paper broker, which charges no fees. The time is the test's, and so
 * are the rates that may be traded on and what conversions cost.
 */
export function paperNode(base: Currency) {
  const dir = mkdtempSync(join(tmpdir(), "trader-paper-node-"));
  const ledger = openLedger(join(dir, "ledger.db"), 250);
  const cache = openMarketCache(join(dir, "market.db"));
  let sequence = 0;
  const node = {
    ledger,
    cache,
    nowMs: 0,
    perBase: {} as Readonly<Record<string, number>>,
    conversionFraction: 0,
    guard: heldLease,
    /** The broker of whoever has this cache, with the same ledger. */
    broker: (of = cache): PaperBroker =>
      createPaper({
        ...paperMarket(() => readQuotes(of), { base, perBase: node.perBase }),
        costs: () => ({ costFixedEur: 0, costFraction: 0, conversionFraction: node.conversionFraction }),
        db: ledger.db,
        guard: node.guard,
        nowMs: () => node.nowMs,
        cache: of,
        fills: () => true,
      }),
    otherCache: (name: string): MarketCache & Disposable => disposable(openMarketCache(join(dir, `${name}.db`))),
    quoted: (symbol: string, price: number, asOfMs: number, of = cache, currency: string = base): void =>
      writeQuotes(of, [{ symbol, price, currency, asOfMs, fetchedAtMs: asOfMs }]),
    order: (side: "buy" | "sell", symbol: string, qty: number) =>
      node.broker().place({ clientOrderId: `o-${++sequence}`, symbol, side, qty }),
    market: cachedMarket(cache, base, () => splitInstants(ledger.db, "b", 0)),
    /** Prices and then the books, as the schedule brings them up to date. */
    async sync(source: MarketSource, listings: readonly Listing[]): Promise<string | undefined> {
      const { signal } = new AbortController();
      const clock = { nowMs: () => node.nowMs };
      await refreshPrices({ source, cache, clock, base }, listings, signal);
      showBook(ledger.db, "b", (work) => work());
      const deps = { ledger, book: "b", broker: node.broker(), market: node.market, guard: heldLease, clock };
      return portfolioSyncJob(deps).run(slotAt(node.nowMs), signal);
    },
    [Symbol.dispose]: (): void => {
      ledger.close();
      cache.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return node;
}
