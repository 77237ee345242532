import { pino } from "pino";
import { expect, test } from "vitest";
import type { Ledger } from "../../../src/db/ledger.ts";
import { orderIntents, plans } from "../../../src/db/ledger-schema.ts";
import { type MarketCache, openMarketCache, writeQuotes } from "../../../src/db/market-cache.ts";
import { marketDefaults } from "../../../src/db/universe.ts";
import { priceSyncJob } from "../../../src/jobs/price-sync.ts";
import { SourceFault } from "../../../src/market/source-fault.ts";
import type { MarketSource } from "../../../src/market/source.ts";
import { Primary } from "../../../src/primary.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { fakeDesk, from, local, memoryRows } from "./desk-fixture.ts";
import { plan, intent } from "../trading/trading-fixture.ts";
import { noMarket } from "../../support/no-market.ts";

const startMs = Date.UTC(2026, 10, 23, 15, 0, 1);
const stranger = from("192.168.1.7");

/** A primary at 15:00:01 with one job, the price sync; `asked` resolves when the source was asked. */
function primaryWith(source: (asked: () => void) => MarketSource["quotes"]) {
  const cache: MarketCache = openMarketCache(":memory:");
  const asked = Promise.withResolvers<void>();
  const { guard, confirm } = memoryRows();
  const clock = { nowMs: () => startMs, originAppMs: 0, realMs: () => 1 };
  const quotes = source(asked.resolve);
  const market: MarketSource = { company: null, quotes, dailyBars: () => Promise.reject(new Error("not asked")) };
  let ledger: Ledger | undefined;
  const primary = new Primary({
    node: "uno-a",
    ledgerPath: ":memory:",
    beginning: marketDefaults.embedded,
    base: "USD",
    clock,
    guard,
    confirm,
    cache,
    log: pino({ level: "silent" }),
    work: (opened) => {
      ledger = opened;
      return {
        jobs: [priceSyncJob({ source: market, cache, clock, base: "USD", ledger: opened })],
        blocked: () => new Map(),
        scores: () => new Map(),
        begin: () => Promise.resolve(),
        valuation: () => noMarket,
        command: () => Promise.reject(new Error("not asked")),
      };
    },
  });
  if (ledger === undefined) throw new Error("no ledger");
  const routes = webRoutes({ ...fakeDesk(), open: () => primary });
  const text = async (path: string, caller = local): Promise<string> => (await routes.request(path, {}, caller)).text();
  return { primary, cache, ledger, asked: asked.promise, text };
}

test("Yahoo is away: status and stocks say that the sync fails, how often, and how old the last good prices are", async () => {
  const { primary, cache, asked, text } = primaryWith((wasAsked) => () => {
    wasAsked();
    return Promise.reject(new SourceFault("Yahoo answers 503", "passing"));
  });
  const fetchedAtMs = startMs - 2 * 3_600_000;
  writeQuotes(cache, [{ symbol: "AAPL", price: 190.5, currency: "USD", asOfMs: fetchedAtMs, fetchedAtMs }]);
  void primary.run();
  await asked;
  await primary.drain();
  const page = await text("/");
  expect(page).toContain("price-sync of 20261123T1500Z failed, tried once: Yahoo answers 503.");
  expect(page).toMatch(
    /No new price of 1 of 20 stocks: their last good ones are kept, the oldest is of 2026-11-23T13:00Z, 120 minutes ago/,
  );
  expect(page).toContain("No price yet of 19 of 20 stocks.");
  expect(await text("/", stranger)).toContain("the oldest is of 2026-11-23T13:00Z");
  expect(await text("/stocks")).toMatch(/\$190\.50[^]{0,60}2026-11-23T13:00Z/);
  expect(await text("/jobs")).toContain("price-sync failed 1 times in the last hour.");
  expect(JSON.parse(await text("/api/status"))).toMatchObject({ notes: primary.notes() });
});

test("while all is well nothing is said; an order whose fate is not known is, with what it blocks, and no amount", async () => {
  const { primary, cache, ledger, text } = primaryWith(() => () => Promise.resolve([]));
  const fetchedAtMs = startMs - 60_000;
  writeQuotes(
    cache,
    marketDefaults.embedded.universe.map(({ symbol }) => ({
      symbol,
      price: 190.5,
      currency: "USD",
      asOfMs: fetchedAtMs,
      fetchedAtMs,
    })),
  );
  expect(primary.notes()).toEqual([]);
  const { intents: _, ...row } = plan([]);
  ledger.db.insert(plans).values(row).run();
  ledger.db
    .insert(orderIntents)
    .values(intent(1, { state: "unknown" }))
    .run();
  const said = "Order pair-20261122T1415Z-1 (buy AAPL) is unknown: it blocks AAPL and holds its cash";
  expect(primary.notes()).toEqual([expect.stringContaining(said)]);
  const page = await text("/", stranger);
  expect(page).toContain("is unknown: it blocks AAPL and holds its cash until the broker has told.");
  expect(page).toContain("Not as it should be");
});
