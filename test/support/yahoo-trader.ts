import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { asc, sql } from "../../src/db/drizzle.ts";
import { openLedger, type Ledger } from "../../src/db/ledger.ts";
import { paperOrders } from "../../src/db/paper-schema.ts";
import { openMarketCache, type MarketCache } from "../../src/db/market-cache.ts";
import type { NewStock } from "../../src/db/universe.ts";
import { slotAt } from "../../src/jobs/slots.ts";
import { ActivityBoard } from "../../src/led/activity.ts";
import { createYahoo } from "../../src/market/yahoo.ts";
import { primaryWork } from "../../src/primary-work.ts";
import { wireYahoo, type WireStock, type WireYahoo } from "./yahoo-wire.ts";

const random = (): number => 0.5;
const SLOT_MS = 900_000;

export type YahooTraderOptions = {
  readonly universe: readonly NewStock[];
  readonly stocks: ReadonlyMap<string, WireStock>;
  readonly startMs: number;
  /** Folder of an earlier trader, to go on where it was. */
  readonly dir?: string;
};

export type YahooTrader = {
  readonly dir: string;
  readonly yahoo: WireYahoo;
  readonly ledger: Ledger;
  readonly cache: MarketCache;
  /** Symbols of the orders that the broker has, in the order of their arrival. */
  attempts(): readonly string[];
  readonly board: ActivityBoard;
  /** What speaks against the wall clock. */
  timeTrouble: string | null;
  /** What was logged, line by line. */
  readonly logged: string[];
  /** Real time that has passed by waiting alone. */
  waitedMs(): number;
  /** Ends the time of the request under way, which never is answered then. */
  giveNoAnswer(): Promise<never>;
  /** Lets time pass. */
  pass(ms: number): void;
  /** Runs the jobs of the present slot in their order; the outcome of each, by name. A failure is an outcome. */
  slot(signal?: AbortSignal): Promise<Record<string, string>>;
  close(): void;
};

/** An owner who buys what hardly moves: made-up prices are near their highs, with little behind them. */
const ownerSettings = { "planning.priceToHighMax": 2, "planning.scoreMin": 0.4, "planning.confidenceMin": 0.2 };

/**
 * A primary's own jobs on the real market: the real yahoo-finance2 over a Yahoo of the test's own, a ledger, a cache,
 * the paper broker in euros. Time passes only by waiting, so three requests a second take no time.
 */
export function yahooTrader(options: YahooTraderOptions): YahooTrader {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "trader-yahoo-"));
  let [nowMs, waitedMs] = [options.startMs, 0];
  const clock = { nowMs: () => nowMs, originAppMs: options.startMs, realMs: (ms: number) => ms };
  const time = {
    nowMs: () => nowMs,
    sleep: async (ms: number): Promise<void> => {
      nowMs += ms;
      waitedMs += ms;
    },
  };
  const logged: string[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void logged.push(line) });
  const yahoo = wireYahoo(options.stocks, clock.nowMs);
  const ledger = openLedger(join(dir, "ledger.db"), 200, { universe: options.universe, settings: ownerSettings });
  const cache = openMarketCache(join(dir, "market.db"));
  const board = new ActivityBoard(() => nowMs);
  let limit = new AbortController();
  const limitOf = (): AbortSignal => {
    limit = new AbortController();
    return limit.signal;
  };
  const market = createYahoo({ source: "yahoo", clock, log, fetch: yahoo.fetch, time, random, limitOf });
  const work = primaryWork({
    node: "uno-a",
    cluster: "pair",
    clock,
    guard: { epoch: 1, remainingMs: () => 1_000, check: () => undefined },
    confirm: async () => "confirmed",
    broker: "paper",
    pair: () => null,
    write: (work) => work(),
    ledger,
    cache,
    market,
    hours: "exchange",
    base: "EUR",
    timeTrouble: () => trader.timeTrouble,
    board,
    log,
  });
  const begun = work.begin();
  const trader: YahooTrader = {
    timeTrouble: null,
    dir,
    yahoo,
    ledger,
    cache,
    attempts: () =>
      ledger.db
        .select()
        .from(paperOrders)
        .orderBy(asc(sql`rowid`))
        .all()
        .map(({ symbol }) => symbol),
    board,
    logged,
    waitedMs: () => waitedMs,
    giveNoAnswer() {
      limit.abort(new Error("out of time"));
      return new Promise(() => {});
    },
    pass: (ms) => void (nowMs += ms),
    async slot(signal = new AbortController().signal) {
      await begun;
      const slot = slotAt(Math.floor(nowMs / SLOT_MS) * SLOT_MS);
      const outcomes: Record<string, string> = {};
      for (const job of work.jobs) {
        if (signal.aborted) break;
        outcomes[job.name] = await job.run(slot, signal).catch((error: unknown) => `failed: ${String(error)}`);
      }
      return outcomes;
    },
    close() {
      ledger.close();
      cache.close();
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
  return trader;
}
