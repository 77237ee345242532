import type { ActGuard, AppClock, Job } from "../app-ports.ts";
import { and, eq, notInArray } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { cash, positions, snapshots } from "../db/ledger-schema.ts";
import { ownCash, type Broker, type BrokerAccount, type BrokerPosition } from "../trading/broker.ts";
import { readNewMovements, writeBook, type BookMarket, type NewMovements } from "./book-sync.ts";

const WRITE_MARGIN_MS = 50;
/** Money outside cash that an empty portfolio may seem to have: rounding. */
const EMPTY_SLACK = 1;

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
    if (fresh.firstCash !== null && !sameCash(fresh.firstCash, account.cash)) {
      throw new Error("the account moved while it was read for the first time");
    }
    deps.guard.check(WRITE_MARGIN_MS);
    const notes = write(deps, slot, held, account, fresh);
    const { equity, currency } = account;
    const cashes = Object.entries(account.cash).map(([code, amount]) => `${amount.toFixed(2)} ${code}`);
    return `${held.length} positions, equity ${equity.toFixed(2)} ${currency}, cash ${cashes.join(" and ")}${notes}`;
  },
});

/** An answer that contradicts itself is a failed read. */
function refuseNonsense(held: readonly BrokerPosition[], account: BrokerAccount): void {
  const { currency, cash: all, equity } = account;
  if (![equity, ownCash(account), ...Object.values(all)].every(Number.isFinite)) {
    throw new Error("the broker's account has no figures");
  }
  // Cash of another currency is in the equity at a rate that is the broker's own.
  const isOwn = Object.entries(all).every(([code, amount]) => code === currency || amount === 0);
  const outsideCash = equity - ownCash(account);
  if (held.length === 0 && isOwn && Math.abs(outsideCash) > EMPTY_SLACK) {
    throw new Error(`the broker lists no position, yet ${outsideCash.toFixed(2)} ${currency} are not cash`);
  }
}

const sameCash = (a: BrokerAccount["cash"], b: BrokerAccount["cash"]): boolean =>
  [...Object.keys(a), ...Object.keys(b)].every((currency) => a[currency] === b[currency]);

function write(
  { ledger, book, market, clock }: PortfolioDeps,
  slot: { readonly text: string; readonly atMs: number },
  held: readonly BrokerPosition[],
  account: BrokerAccount,
  fresh: NewMovements,
): string {
  const { currency, equity } = account;
  const syncedAtMs = clock.nowMs();
  return ledger.db.transaction((tx) => {
    const symbols = held.map((position) => position.symbol);
    tx.delete(positions)
      .where(and(eq(positions.book, book), notInArray(positions.symbol, symbols)))
      .run();
    for (const { symbol, ...position } of held) {
      const row = { ...position, syncedAtMs };
      tx.insert(positions)
        .values({ book, symbol, ...row })
        .onConflictDoUpdate({ target: [positions.book, positions.symbol], set: row })
        .run();
    }
    const currencies = Object.keys(account.cash);
    tx.delete(cash)
      .where(and(eq(cash.book, book), notInArray(cash.currency, currencies)))
      .run();
    for (const [code, amount] of Object.entries(account.cash)) {
      const balance = { amount, syncedAtMs };
      tx.insert(cash)
        .values({ book, currency: code, ...balance })
        .onConflictDoUpdate({ target: [cash.book, cash.currency], set: balance })
        .run();
    }
    const snapshot = { atMs: slot.atMs, currency, equity, cash: ownCash(account) };
    tx.insert(snapshots)
      .values({ book, slot: slot.text, ...snapshot })
      .onConflictDoUpdate({ target: [snapshots.book, snapshots.slot], set: snapshot })
      .run();
    // The ledger has one connection: this is in the transaction too.
    return writeBook(ledger.db, { book, fresh, held, account, nowMs: syncedAtMs }, market);
  });
}
