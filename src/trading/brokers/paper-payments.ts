import type { ActGuard } from "../../app-ports.ts";
import {
  amountText,
  currencyNames,
  isCurrency,
  toMajor,
  toMinor,
  type Currency,
} from "../../analytics/money/amount.ts";
import { asc, eq, sql } from "../../db/drizzle.ts";
import type { LedgerDb } from "../../db/ledger.ts";
import { paperCash } from "../../db/paper-schema.ts";
import { toBase, type Rates } from "../../market/fx/rates.ts";
import {
  converted,
  freeMinor,
  writeMarginMs,
  type PaperAccount,
  type PaperCash,
  type PaperCosts,
} from "./paper-account.ts";

/** Money that the owner pays in, or out when negative, in major units; without a currency it is the account's own. */
export type PaperPayment = { readonly id: string; readonly amount: number; readonly currency?: string | undefined };

/** `known`: this very payment was booked before, and is booked once. */
export type Paid =
  | { readonly kind: "booked" | "known"; readonly currency: Currency }
  | { readonly kind: "refused"; readonly reason: string };

type PaymentDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly nowMs: () => number;
  readonly accountId: string;
  /** Rates that may be traded on, of the account's own currency. */
  readonly rates: Rates;
  readonly costs: () => PaperCosts;
};

/** What its owner paid into an account and out of it, as it came. */
export const paidCash = (db: LedgerDb, accountId: string): readonly PaperCash[] =>
  paidRows(db, accountId).map((row) => ({ ...row, id: `cash-${row.id}` }));

const paidRows = (db: LedgerDb, accountId: string): readonly (typeof paperCash.$inferSelect)[] =>
  db
    .select()
    .from(paperCash)
    .where(eq(paperCash.account, accountId))
    .orderBy(asc(sql`rowid`))
    .all();

const refused = (reason: string): Paid => ({ kind: "refused", reason });

/** Books a payment, or says why not: it was booked before, is no amount, has no rate, or is more than is free. */
export function pay(deps: PaymentDeps, account: PaperAccount, payment: PaperPayment): Paid {
  const { db, accountId, rates } = deps;
  const { currency: own } = account;
  const { id, amount } = payment;
  const currency = payment.currency ?? own;
  if (!isCurrency(currency)) return refused(`${currency} is none of ${currencyNames}`);
  const minor = toMinor(currency, amount);
  if (toMajor(minor, currency) !== amount) return refused(`${currency} has no amount of ${amount}: that is not whole`);
  const before = paidRows(db, accountId).find((row) => row.id === id);
  if (before !== undefined) {
    const isSame = before.currency === currency && before.minor === minor;
    return isSame ? { kind: "known", currency } : refused(`the id ${id} was used for another payment`);
  }
  const rate = toBase(1, currency, rates);
  if (rate.kind === "no-rate") return refused(rate.reason);
  const changed = converted(own, currency, Math.abs(minor), rate.amount, deps.costs(), minor > 0);
  if (currency !== own && changed === null) return refused(`${amount} ${currency} are worth nothing in ${own}`);
  const leavesMinor = minor < 0 ? (changed?.ownMinor ?? -minor) : 0;
  const free = freeMinor(account);
  if (leavesMinor > free) {
    return refused(`${amountText(leavesMinor, own)} would go out, and ${amountText(free, own)} are free`);
  }
  deps.guard.check(writeMarginMs);
  const row = { account: accountId, id, atMs: deps.nowMs(), currency, minor, converted: changed };
  db.insert(paperCash).values(row).run();
  return { kind: "booked", currency };
}
