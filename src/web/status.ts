import { z } from "zod";
import { jobRuns, orderIntents, plans } from "../db/ledger-schema.ts";
import type { JobRunView, LedgerView, OrderView, PlanView } from "../ledger-view.ts";
import type { Considered } from "../planning/considered.ts";
import type { Desk } from "./desk.ts";

const amount = z.number().nullable();

export const orderSchema = z.object({
  n: z.int(),
  clientOrderId: z.string(),
  symbol: z.string(),
  side: z.enum(["buy", "sell"]),
  state: z.enum(orderIntents.state.enumValues),
  reason: z.string(),
  share: z.number(),
  qty: amount,
  filledQty: amount,
  /** Of the listing; the price is in it. */
  currency: z.string(),
  filledAvgPrice: amount,
});
export type StatusOrder = z.infer<typeof orderSchema>;

export const planSchema = z.object({
  slot: z.string(),
  epoch: z.int(),
  node: z.string(),
  status: z.enum(plans.status.enumValues),
  reason: z.string(),
  orders: z.array(orderSchema),
});

const driftSchema = z.object({ name: z.string(), share: z.number(), target: z.number(), balanced: z.boolean() });

/** What a plan was chosen from. Amounts are in the currency that the books are kept in. */
export const consideredSchema = z.object({
  slot: z.string(),
  regions: z.array(driftSchema),
  industries: z.array(driftSchema),
  rejected: z.array(
    z.object({
      symbol: z.string(),
      side: z.enum(["buy", "sell"]),
      rule: z.string(),
      why: z.string(),
      /** Worth after costs; null when a rule forbade it, or for whoever may see no amounts. */
      net: amount,
    }),
  ),
  /** Rejected ones beyond those that are kept. */
  more: z.int(),
});
export type ShownConsidered = z.infer<typeof consideredSchema>;

export const jobRunSchema = z.object({
  job: z.string(),
  slot: z.string(),
  epoch: z.int(),
  node: z.string(),
  status: z.enum(jobRuns.status.enumValues),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  outcome: z.string().nullable(),
});

export const positionSchema = z.object({
  symbol: z.string(),
  share: z.number(),
  qty: amount,
  /** Of the listing; both prices are in it. */
  currency: z.string(),
  price: amount,
  avgPrice: amount,
  valueBase: amount,
});

/** The money of an account. Amounts whose name ends in it are in the base currency. */
export const moneySchema = {
  base: z.string(),
  /** By currency, the account's own first; empty for whoever may see no amounts. */
  cash: z.array(z.object({ currency: z.string(), amount: z.number() })),
  cashBase: amount,
  equityBase: amount,
  /** The equity in the account's own currency, where that is not the base. */
  own: z.object({ currency: z.string(), equity: z.number() }).nullable(),
};

/** What `GET /api/status` answers. Amounts are null for whoever may not see them; shares are always there. */
export const statusSchema = z.object({
  node: z.string(),
  role: z.enum(["primary", "standby"]),
  epoch: z.int(),
  protection: z.enum(["strict", "heuristic", "manual", "none", "unknown"]),
  /** What the pair cannot survive as things are. */
  limits: z.string(),
  maintenance: z.boolean(),
  inSync: z.array(z.string()),
  reasons: z.array(z.string()),
  appTime: z.iso.datetime(),
  /** What the node does at the moment, and how far it is, as on its display; empty when it does nothing. */
  activity: z.string(),
  lastConfirm: z.object({ outcome: z.enum(["confirmed", "unknown"]), tookMs: z.number() }).nullable(),
  amountsShown: z.boolean(),
  positions: z.array(positionSchema),
  ...moneySchema,
  investedShare: z.number().nullable(),
  /** Broker, account and mode of what is shown; null for whoever may see no amounts. */
  book: z.string().nullable(),
  /** Jobs that fail, prices that are old; orders whose fate is not known; what may not be traded now, and why. */
  notes: z.array(z.string()),
  plans: z.array(planSchema),
  jobRuns: z.array(jobRunSchema),
  nextRuns: z.array(z.object({ job: z.string(), slot: z.string(), inRealMs: z.number() })),
});
export type AppStatus = z.infer<typeof statusSchema>;

/** The status of a node as it is now; `amounts` says whether money and quantities may be shown. */
export function statusOf(desk: Desk, amounts: boolean): AppStatus {
  const pair = desk.pair();
  const open = desk.open();
  const ledger = open?.view() ?? null;
  return {
    node: desk.node,
    role: open ? "primary" : "standby",
    epoch: open?.epoch ?? pair?.epoch ?? 0,
    protection: pair?.protection ?? "unknown",
    limits: pair?.limits ?? "",
    maintenance: pair?.paused ?? false,
    inSync: [...(pair?.inSync ?? [])],
    reasons: [...(pair?.reasons ?? [])],
    activity: desk.led(false).activity_message,
    appTime: new Date(desk.appNowMs()).toISOString(),
    lastConfirm: open?.lastConfirm() ?? null,
    amountsShown: amounts,
    positions: (ledger?.positions ?? []).map((position) => shownPosition(position, amounts)),
    ...shownMoney(ledger, amounts),
    investedShare: ledger?.investedShare ?? null,
    book: amounts ? (ledger?.book ?? null) : null,
    notes: (open?.notes() ?? []).map((note) => (amounts ? note : withoutAmounts(note))),
    plans: (ledger?.plans ?? []).map((plan) => shownPlan(plan, amounts)),
    jobRuns: (ledger?.jobRuns ?? []).map((run) => shownRun(run, amounts)),
    nextRuns: [...(open?.nextRuns() ?? [])],
  };
}

/** The account's money as this caller may see it. */
export const shownMoney = (ledger: LedgerView | null, amounts: boolean): Pick<AppStatus, keyof typeof moneySchema> => ({
  base: ledger?.base ?? "",
  cash: amounts ? [...(ledger?.cash ?? [])] : [],
  cashBase: amounts ? (ledger?.cashBase ?? null) : null,
  equityBase: amounts ? (ledger?.equityBase ?? null) : null,
  own: amounts ? (ledger?.own ?? null) : null,
});

/** A position as this caller may see it. */
export function shownPosition(
  { symbol, share, currency, ...amountsOf }: LedgerView["positions"][number],
  amounts: boolean,
): z.infer<typeof positionSchema> {
  const none = { qty: null, price: null, avgPrice: null, valueBase: null };
  return { symbol, share, currency, ...(amounts ? amountsOf : none) };
}

/** A plan with its orders as this caller may see it. */
export const shownPlan = (
  { slot, epoch, node, status, reason, orders }: PlanView,
  amounts: boolean,
): z.infer<typeof planSchema> => ({
  slot,
  epoch,
  node,
  status,
  reason: amounts ? reason : withoutAmounts(reason),
  orders: orders.map((order) => shownOrder(order, amounts)),
});

/** What a plan was chosen from as this caller may see it. */
export const shownConsidered = (
  { slot, regions, industries, rejected, more }: Considered & { readonly slot: string },
  amounts: boolean,
): ShownConsidered => ({
  slot,
  regions: [...regions],
  industries: [...industries],
  rejected: rejected.map(({ symbol, side, rule, why, netEur }) => ({
    symbol,
    side,
    rule,
    why: amounts ? why : withoutAmounts(why),
    net: amounts ? netEur : null,
  })),
  more,
});

/** A run of a job as this caller may see it: outcomes name sums. */
export const shownRun = (run: JobRunView, amounts: boolean): z.infer<typeof jobRunSchema> => ({
  ...run,
  outcome: run.outcome === null || amounts ? run.outcome : withoutAmounts(run.outcome),
});

/** An order as this caller may see it. */
export function shownOrder(
  { n, clientOrderId, symbol, side, state, reason, share, qty, filledQty, currency, filledAvgPrice }: OrderView,
  amounts: boolean,
): StatusOrder {
  const what = { n, clientOrderId, symbol, side, state, share, currency };
  return amounts
    ? { ...what, reason, qty, filledQty, filledAvgPrice }
    : { ...what, reason: withoutAmounts(reason), qty: null, filledQty: null, filledAvgPrice: null };
}

/** A sentence with every figure but percentages, slots and instants left out: sentences name quantities and sums. */
export const withoutAmounts = (text: string): string =>
  text.replaceAll(/\d{8}T\d{4}Z|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z|\d+(?:[.,]\d+)*%?/g, (figure) =>
    /[%Z]$/.test(figure) ? figure : "…",
  );
