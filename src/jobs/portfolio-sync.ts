import type { ActGuard, AppClock, Job } from "../app-ports.ts";
import { and, eq, notInArray } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { cash, positions, snapshots } from "../db/ledger-schema.ts";
import type { Broker, BrokerAccount, BrokerPosition } from "../trading/broker.ts";
import { readNewMovements, writeBook, type BookMarket, type NewMovements } from "./book-sync.ts";

const WRITE_MARGIN_MS = 50;
/** Money outside cash that an empty portfolio may seem to have: rounding. */
const EMPTY_SLACK_USD = 1;

export type PortfolioDeps = {
  readonly broker: Broker;
  readonly ledger: Ledger;
  /** Whose positions and cash these are. */
  readonly book: string;
  readonly market: BookMarket;
  readonly guard: ActGuard;
  readonly clock: Pick<AppClock, "nowMs">;
};

export const portfolioTiming = { name: "portfolio-sync", cron: "*/15 * * * *", catchUp: "newest" } as const;

/**
 * Every quarter of an hour: positions and cash as the broker has them, what moved them, the slot's snapshot and the
 * day's, into the ledger.
 */
export const portfolioSyncJob = (deps: PortfolioDeps): Job => ({
  ...portfolioTiming,
  async run(slot, signal) {
    const { broker, ledger, book, market, clock } = deps;
    // All reads come first, and all is written in one transaction: a failed read changes nothing.
    const fresh = await readNewMovements(ledger.db, book, broker, market.rateOn, clock.nowMs());
    const held = await broker.positions();
    const account = await broker.account();
    signal.throwIfAborted();
    refuseNonsense(held, account);
    if (fresh.firstCashUsd !== null && fresh.firstCashUsd !== account.cashUsd) {
      throw new Error("the account moved while it was read for the first time");
    }
    deps.guard.check(WRITE_MARGIN_MS);
    const notes = write(deps, slot, held, account, fresh);
    return `${held.length} positions, equity ${account.equityUsd.toFixed(2)} USD, cash ${account.cashUsd.toFixed(2)} USD${notes}`;
  },
});

/** An answer that contradicts itself is a failed read. */
function refuseNonsense(held: readonly BrokerPosition[], { cashUsd, equityUsd }: BrokerAccount): void {
  if (!Number.isFinite(cashUsd) || !Number.isFinite(equityUsd)) throw new Error("the broker's account has no figures");
  if (held.length === 0 && Math.abs(equityUsd - cashUsd) > EMPTY_SLACK_USD) {
    throw new Error(`the broker lists no position, yet ${(equityUsd - cashUsd).toFixed(2)} USD are not cash`);
  }
}

function write(
  { ledger, book, market, clock }: PortfolioDeps,
  slot: { readonly text: string; readonly atMs: number },
  held: readonly BrokerPosition[],
  account: BrokerAccount,
  fresh: NewMovements,
): string {
  const { cashUsd, equityUsd } = account;
  const syncedAtMs = clock.nowMs();
  return ledger.db.transaction((tx) => {
    const symbols = held.map((position) => position.symbol);
    tx.delete(positions)
      .where(and(eq(positions.book, book), notInArray(positions.symbol, symbols)))
      .run();
    for (const { symbol, qty, avgPriceUsd } of held) {
      const row = { qty, avgPriceUsd, syncedAtMs };
      tx.insert(positions)
        .values({ book, symbol, ...row })
        .onConflictDoUpdate({ target: [positions.book, positions.symbol], set: row })
        .run();
    }
    const balance = { amount: cashUsd, syncedAtMs };
    tx.insert(cash)
      .values({ book, currency: "USD", ...balance })
      .onConflictDoUpdate({ target: [cash.book, cash.currency], set: balance })
      .run();
    const snapshot = { atMs: slot.atMs, equityUsd, cashUsd };
    tx.insert(snapshots)
      .values({ book, slot: slot.text, ...snapshot })
      .onConflictDoUpdate({ target: [snapshots.book, snapshots.slot], set: snapshot })
      .run();
    // The ledger has one connection: this is in the transaction too.
    return writeBook(ledger.db, { book, fresh, held, account, nowMs: syncedAtMs }, market);
  });
}
