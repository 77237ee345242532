import { randomBytes, scryptSync } from "node:crypto";
import { expect } from "vitest";
import type { PairView } from "../../../ha/contract.ts";
import type { LedgerView } from "../../../src/ledger-view.ts";
import { ledDisplayOf } from "../../../src/led/display.ts";
import { ledFacts } from "../../../src/led/facts.ts";
import { openMarketCache } from "../../../src/db/market-cache.ts";
import { openLedger } from "../../../src/db/ledger.ts";
import { moneyView } from "../../../src/money-view.ts";
import type { Score } from "../../../src/scoring/score.ts";
import { LedgerSettings } from "../../../src/settings/ledger-settings.ts";
import { runCommand } from "../../../src/trading/commands.ts";
import type { TradingDesk } from "../../../src/trading/trading-desk.ts";
import { readTradingState } from "../../../src/trading/trading-state.ts";
import { ApiTokens } from "../../../src/web/api-tokens.ts";
import type { Desk, OpenLedger, ProbeOutcome } from "../../../src/web/desk.ts";
import { LedgerReads } from "../../../src/web/ledger-reads.ts";
import { Sessions } from "../../../src/web/sessions.ts";
import { Stocks } from "../../../src/web/stocks.ts";
import type { RowDeps } from "../../../src/web/token-rows.ts";
import { quietPair } from "../../support/pair-view.ts";

export const pair: PairView = { ...quietPair, role: "primary", primary: "uno-a", epoch: 3 };

export const ledgerView: LedgerView = {
  base: "USD",
  positions: [{ symbol: "AAPL", qty: 25, currency: "USD", avgPrice: 100, price: 110, valueBase: 2_750, share: 0.0275 }],
  cash: [{ currency: "USD", amount: 97_250 }],
  cashBase: 97_250,
  equityBase: 100_000,
  own: null,
  book: "alpaca/1/research",
  investedShare: 0.0275,
  plans: [
    {
      book: "alpaca/1/research",
      slot: "20261122T1415Z",
      epoch: 3,
      node: "uno-a",
      createdAtMs: 1,
      status: "done",
      reason: "<b>AAPL</b> is below its target",
      orders: [
        {
          book: "alpaca/1/research",
          slot: "20261122T1415Z",
          n: 1,
          clientOrderId: "demo-20261122T1415Z-1",
          symbol: "AAPL",
          side: "buy",
          qty: 25,
          reason: "Buy 25 AAPL: 2.5% below its target.",
          state: "filled",
          brokerOrderId: "x",
          filledQty: 25,
          currency: "USD",
          filledAvgPrice: 100,
          sentAtMs: 1_000,
          updatedAtMs: 1_100,
          share: 0.025,
        },
      ],
    },
  ],
  jobRuns: [
    {
      job: "price-sync",
      slot: "20261122T1415Z",
      epoch: 3,
      node: "uno-a",
      status: "completed",
      startedAtMs: 1,
      endedAtMs: 2,
      outcome: "equity 100,000.00 USD, superseded by 20261122T1420Z",
    },
  ],
};

export const goodToken = "good-token-good-token";

/** Rows of a ledger in memory, as a primary's. */
export const memoryRows = (): RowDeps => ({
  db: openLedger(":memory:", 0).db,
  guard: { epoch: 3, remainingMs: () => 1_000, check: () => {} },
  confirm: () => Promise.resolve("confirmed"),
  nowMs: () => Date.UTC(2026, 10, 22),
  write: (work) => work(),
});

const away = () => Promise.reject(new Error("the broker does not answer"));
/** A desk whose broker is away. */
const noDesk: TradingDesk = {
  brokerNow: () => expect.fail("not asked"),
  open: away,
  openLive: away,
  cycleFailed: () => undefined,
};

const noPaper = { name: "paper", pay: () => expect.fail("not asked") };

export const clusterSecret = "the secret of the cluster";

/** A password's hash at the least cost that there is, of the shape that a real one has. */
export function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2, r: 1, p: 1 });
  return ["scrypt", 2, 1, 1, salt.toString("base64url"), hash.toString("base64url")].join(":");
}

type Given = {
  rows?: RowDeps;
  passwordHash?: string | null;
  pair?: PairView | null;
  open?: boolean;
  probe?: (value: string) => Promise<ProbeOutcome>;
  scores?: ReadonlyMap<string, Score>;
  trading?: TradingDesk;
};

/** A desk as a primary's (`open`, the default) or a standby's. */
export function fakeDesk(given: Given = {}): Desk {
  const { pair: view = pair, open = true, probe, rows, passwordHash = null } = given;
  const { scores = new Map(), trading = noDesk } = given;
  const deps = rows ?? memoryRows();
  const ledger: OpenLedger = {
    epoch: 3,
    view: () => ledgerView,
    notes: () => ["Buying is locked: buys are paused (until: trader pause-buys off)."],
    trading: () => readTradingState(deps.db, deps.nowMs()),
    command: (request) =>
      runCommand({ ...deps, desk: trading, paper: noPaper, preview: () => Promise.resolve([]) }, request),
    nextRuns: () => [{ job: "price-sync", slot: "20261122T1420Z", inRealMs: 1000 }],
    lastConfirm: () => ({ outcome: "confirmed", tookMs: 42 }),
    probes: {
      add: probe ?? ((value) => Promise.resolve({ kind: "written", n: value.length, confirmed: true, epoch: 3 })),
      list: () => [{ n: 1, value: "one", epoch: 3, atMs: 5 }],
    },
    displayTokens: {
      knows: (token) => token === goodToken,
      make: () => Promise.resolve({ kind: "made", token: goodToken, confirmed: true }),
      revokeAll: () => Promise.resolve({ revoked: 2, confirmed: true }),
    },
    stocks: new Stocks({
      ...deps,
      cache: openMarketCache(":memory:"),
      blocked: () => new Map([["AAPL", "its prices look wrong"]]),
      scores: () => scores,
    }),
    settings: new LedgerSettings(deps, () => {}),
    money: () => moneyView(deps.db, "USD"),
    reads: new LedgerReads({
      db: deps.db,
      clock: { nowMs: () => Date.UTC(2026, 10, 22, 14, 16) },
      jobs: [{ name: "price-sync", cron: "*/5 * * * *", catchUp: "newest", run: () => Promise.resolve("") }],
      orders: () => (order) => ({ ...order, currency: "USD", share: 0.025 }),
    }),
    sessions: new Sessions(deps),
    apiTokens: new ApiTokens(deps),
  };
  const desk: Desk = {
    node: "uno-a",
    pair: () => view,
    appNowMs: () => Date.UTC(2026, 10, 22, 14, 16),
    marketShare: () => null,
    realNowMs: () => Date.UTC(2026, 9, 7),
    monotonicMs: () => 1_000_000,
    secrets: () => ({ passwordHash, clusterSecret }),
    open: () => (open ? ledger : null),
    led: (amounts) =>
      ledDisplayOf(
        ledFacts({
          node: "uno-a",
          pair: view,
          open: open ? { epoch: 3, ledger: ledgerView } : null,
          activity: null,
          amounts,
          realSinceMs: (appMs) => 60_000 - appMs,
        }),
      ),
  };
  return desk;
}

/** What the server hands to hono, for a caller at this address. */
export const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } });
export const local = from("127.0.0.1");
