import type { PairView } from "../../ha/contract.ts";
import type { LedDisplay } from "../led/display.ts";
import type { MarketShare } from "./market-routes.ts";
import type { LedgerView } from "../ledger-view.ts";
import type { OwnerOrder } from "../planning/owner-orders.ts";
import type { MoneyView } from "../money-view.ts";
import type { LedgerSettings } from "../settings/ledger-settings.ts";
import type { CommandOutcome } from "../trading/command-outcome.ts";
import type { TradingState } from "../trading/trading-state.ts";
import type { ApiTokens } from "./api-tokens.ts";
import type { LedgerReads } from "./ledger-reads.ts";
import type { Sessions } from "./sessions.ts";
import type { Stocks } from "./stocks.ts";
import type { WebSecrets } from "./web-secrets.ts";

/** What the web routes are handed: this node as it is at the moment of a request. */
export type Desk = {
  readonly node: string;
  /** What the agent last said of the pair; null before it did. */
  pair(): PairView | null;
  /** `amounts` for whoever is paired. */
  led(amounts: boolean): LedDisplay;
  appNowMs(): number;
  /** The market cache for the other member; null on a standby, or without the cluster's secret. */
  marketShare(): MarketShare | null;
  /** The date, for what ends on one. */
  realNowMs(): number;
  /** Real time that only goes forwards. */
  monotonicMs(): number;
  /** As they are now. */
  secrets(): WebSecrets;
  /** The open ledger; null on a standby. */
  open(): OpenLedger | null;
};

export type OpenLedger = {
  readonly epoch: number;
  view(): LedgerView;
  /** What fails, what is old, and what may not be traded, one sentence each. */
  notes(): readonly string[];
  trading(): TradingState;
  /** Performs one of the owner's commands; throws what the ledger or the lease throws. */
  command(request: OwnersCommand): Promise<CommandOutcome>;
  nextRuns(): readonly NextRun[];
  /** How long the newest confirmation took, in real milliseconds; null before the first. */
  lastConfirm(): ConfirmTime | null;
  readonly probes: Probes;
  readonly displayTokens: DisplayTokens;
  readonly reads: Pick<LedgerReads, keyof LedgerReads>;
  /** How the money of the shown book did; throws when books are not kept in this market's base. */
  money(): MoneyView;
  readonly stocks: Pick<Stocks, keyof Stocks>;
  readonly settings: Pick<LedgerSettings, keyof LedgerSettings>;
  readonly sessions: Pick<Sessions, keyof Sessions>;
  readonly apiTokens: Pick<ApiTokens, keyof ApiTokens>;
};
/** What is done from pages and scripts. Live trading is switched on with a preview, by the command line alone. */
type OwnersCommand =
  | { readonly name: "pause-buys" | "stop-everything"; readonly on: boolean }
  | (Omit<OwnerOrder, "overrides"> & { readonly name: "order"; readonly override: OwnerOrder["overrides"] })
  | { readonly name: "order-withdraw"; readonly id: string };
export type NextRun = { readonly job: string; readonly slot: string; readonly inRealMs: number };
export type ConfirmTime = { readonly outcome: "confirmed" | "unknown"; readonly tookMs: number };

/** Who may see amounts on a display. */
export type DisplayTokens = {
  knows(token: string): boolean;
  make(): Promise<MadeToken>;
  revokeAll(): Promise<{ readonly revoked: number; readonly confirmed: boolean }>;
};
/** `confirmed` false: whether the other node has it too is not known. */
export type MadeToken =
  | { readonly kind: "made"; readonly token: string; readonly confirmed: boolean }
  | { readonly kind: "refused"; readonly reason: string };

/** Rows that outside tests write and read; `add` resolves once the row's confirmation is known. */
export type Probes = {
  add(value: string): Promise<ProbeOutcome>;
  list(): readonly ProbeRow[];
};
type ProbeRow = {
  readonly n: number;
  readonly value: string;
  readonly epoch: number;
  readonly atMs: number;
};
/** `refused`: no row was written. */
export type ProbeOutcome =
  | { readonly kind: "written"; readonly n: number; readonly confirmed: boolean; readonly epoch: number }
  | { readonly kind: "refused"; readonly reason: string };
