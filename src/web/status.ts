import type { PairView } from "../../ha/contract.ts";
import type { JobRunView, OrderView } from "../ledger-view.ts";
import type { ConfirmTime, Desk, NextRun } from "./desk.ts";

/** What `GET /api/status` answers. Amounts are null unless the caller sits on this machine; shares are always there. */
export type AppStatus = {
  readonly node: string;
  readonly role: "primary" | "standby";
  readonly epoch: number;
  readonly protection: PairView["protection"] | "unknown";
  /** What the pair cannot survive as things are. */
  readonly limits: string;
  readonly maintenance: boolean;
  readonly inSync: readonly string[];
  readonly reasons: readonly string[];
  readonly appTime: string;
  /** What the node does at the moment, and how far it is, as on its display; empty when it does nothing. */
  readonly activity: string;
  readonly lastConfirm: ConfirmTime | null;
  readonly positions: readonly {
    symbol: string;
    share: number;
    qty: number | null;
    priceUsd: number | null;
    avgPriceUsd: number | null;
  }[];
  readonly cashUsd: number | null;
  readonly equityUsd: number | null;
  readonly investedShare: number | null;
  readonly plans: readonly {
    slot: string;
    epoch: number;
    node: string;
    status: string;
    reason: string;
    orders: readonly StatusOrder[];
  }[];
  readonly jobRuns: readonly JobRunView[];
  readonly nextRuns: readonly NextRun[];
};
export type StatusOrder = Pick<OrderView, "n" | "clientOrderId" | "symbol" | "side" | "state" | "reason" | "share"> & {
  readonly qty: number | null;
  readonly filledQty: number | null;
  readonly filledAvgPriceUsd: number | null;
};

/** The status of a node as it is now; `amounts` says whether money and quantities may be shown. */
export function statusOf(desk: Desk, amounts: boolean): AppStatus {
  const pair = desk.pair();
  const open = desk.open();
  const ledger = open?.view() ?? null;
  const shown = (value: number | null): number | null => (amounts ? value : null);
  const said = (text: string): string => (amounts ? text : withoutAmounts(text));
  return {
    node: desk.node,
    role: open ? "primary" : "standby",
    epoch: open?.epoch ?? pair?.epoch ?? 0,
    protection: pair?.protection ?? "unknown",
    limits: pair?.limits ?? "",
    maintenance: pair?.paused ?? false,
    inSync: pair?.inSync ?? [],
    reasons: pair?.reasons ?? [],
    activity: desk.led(false).activity_message,
    appTime: new Date(desk.appNowMs()).toISOString(),
    lastConfirm: open?.lastConfirm() ?? null,
    positions: (ledger?.positions ?? []).map(({ symbol, share, qty, priceUsd, avgPriceUsd }) => ({
      symbol,
      share,
      qty: shown(qty),
      priceUsd: shown(priceUsd),
      avgPriceUsd: shown(avgPriceUsd),
    })),
    cashUsd: shown(ledger?.cashUsd ?? null),
    equityUsd: shown(ledger?.equityUsd ?? null),
    investedShare: ledger?.investedShare ?? null,
    plans: (ledger?.plans ?? []).map(({ slot, epoch, node, status, reason, orders }) => ({
      slot,
      epoch,
      node,
      status,
      reason: said(reason),
      orders: orders.map((order) => ({ ...statusOrder(order, shown), reason: said(order.reason) })),
    })),
    jobRuns: (ledger?.jobRuns ?? []).map((run) => ({
      ...run,
      outcome: run.outcome === null ? null : said(run.outcome),
    })),
    nextRuns: open?.nextRuns() ?? [],
  };
}

/** A sentence with every figure but percentages and slots left out: sentences name quantities and sums. */
const withoutAmounts = (text: string): string =>
  text.replaceAll(/\d{8}T\d{4}Z|\d+(?:[.,]\d+)*%?/g, (figure) => (/[%Z]$/.test(figure) ? figure : "…"));

const statusOrder = (
  order: OrderView,
  shown: (value: number | null) => number | null,
): Omit<StatusOrder, "reason"> => ({
  n: order.n,
  clientOrderId: order.clientOrderId,
  symbol: order.symbol,
  side: order.side,
  state: order.state,
  share: order.share,
  qty: shown(order.qty),
  filledQty: shown(order.filledQty),
  filledAvgPriceUsd: shown(order.filledAvgPriceUsd),
});
