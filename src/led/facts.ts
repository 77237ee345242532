import type { PairView } from "../../ha/contract.ts";
import type { LedgerView, OrderView } from "../ledger-view.ts";
import { percent, wholeAmount, type LedFacts } from "./display.ts";

/** Real milliseconds for which an order that was just sent is the activity. */
const orderShownMs = 3_000;
/** An order may be unknown for a while after a takeover; for longer than this it is an error. */
const unknownMsMax = 60_000;

export type LedInputs = {
  readonly node: string;
  /** What the agent last said of the pair; null before it did. */
  readonly pair: PairView | null;
  /** The open ledger and its epoch; null on a standby. */
  readonly open: { readonly epoch: number; readonly ledger: LedgerView } | null;
  /** In the minute after this node took over: from whom. */
  readonly tookOverFrom?: string | null;
  /** Transactions that this standby has not received yet; null when unknown. */
  readonly behindTxids?: number | null;
  /** For whoever is paired: amounts in place of shares. Nobody else is told any. */
  readonly amounts?: boolean;
  /** The work that runs at this moment. */
  readonly activity: string | null;
  /** Real milliseconds since this app instant. */
  readonly realSinceMs: (appMs: number) => number;
};

/** What this node's display is drawn from. */
export function ledFacts(inputs: LedInputs): LedFacts {
  const { node, pair, open, activity, realSinceMs } = inputs;
  const base = { node, protectedNow: (pair?.inSync.length ?? 0) > 1, activity };
  if (!open) {
    return {
      ...base,
      epoch: pair?.epoch ?? 0,
      role: "standby",
      behindTxids: inputs.behindTxids ?? null,
      leader: pair?.primaryApp == null ? null : leaderName(pair),
      errors: [],
      lastTrade: null,
      investedShare: null,
      actions: [],
    };
  }
  const told = amountTeller(open.ledger, inputs.amounts === true);
  const orders = open.ledger.plans.flatMap((plan) => plan.orders);
  const newest = orders.find((order) => order.sentAtMs !== null);
  const fresh = newest?.sentAtMs != null && realSinceMs(newest.sentAtMs) < orderShownMs;
  return {
    ...base,
    epoch: open.epoch,
    role: "primary",
    leader: node,
    tookOverFrom: inputs.tookOverFrom ?? null,
    errors: errorsOf(open.ledger, realSinceMs),
    activity: fresh ? `${newest.side === "buy" ? "BUYING" : "SELLING"} ${told(newest)}` : activity,
    lastTrade: newest?.side ?? null,
    investedShare: open.ledger.investedShare,
    ...(inputs.amounts === true ? { money: moneyOf(open.ledger) } : {}),
    actions: [
      ...unknownOrders(open.ledger).map((order) => `${order.symbol} UNKNOWN`),
      ...(open.ledger.plans[0]?.orders ?? []).map((order) => `${order.side.toUpperCase()} ${told(order)}`),
    ],
  };
}

const moneyOf = ({ base, equityBase, cashBase }: LedgerView): LedFacts["money"] & object => ({
  currency: base,
  value: equityBase,
  cash: cashBase,
});

/** An order in words: the symbol up to its first dot, and its amount or its share of the portfolio. */
const amountTeller =
  ({ base, equityBase }: LedgerView, amounts: boolean) =>
  ({ symbol, share }: OrderView): string => {
    const size =
      share > 0 ? [amounts && equityBase !== null ? wholeAmount(share * equityBase, base) : percent(share)] : [];
    return [symbol.split(".")[0], ...size].join(" ");
  };

/** Name of the node that leads, on a standby: the other node in sync is the leader's name; a pair that knows only an address shows the address. */
export const leaderName = (pair: PairView): string =>
  pair.inSync.find((name) => name !== pair.node) ?? pair.primaryApp ?? "";

const unknownOrders = (ledger: LedgerView): readonly OrderView[] =>
  ledger.plans.flatMap((plan) => plan.orders).filter((order) => order.state === "unknown");

/** An error stands until the job's next run has succeeded or the order is known. */
function errorsOf(ledger: LedgerView, realSinceMs: LedInputs["realSinceMs"]): readonly string[] {
  const unknown = unknownOrders(ledger)
    .filter((order) => realSinceMs(order.sentAtMs ?? order.updatedAtMs) > unknownMsMax)
    .map((order) => `order unknown ${order.symbol}`);
  const newestRuns = new Map(ledger.jobRuns.toReversed().map((run) => [run.job, run]));
  const failed = [...newestRuns.values()]
    .filter((run) => run.status === "failed")
    .map((run) => `${run.job.replaceAll("-", " ")} failed`);
  return [...unknown, ...failed];
}
