import type { LiveSwitch } from "./live-rules.ts";
import type { Lock } from "./locks.ts";

/** The switches that the owner sets; null is off. */
export type Controls = {
  readonly stopSinceMs: number | null;
  readonly pauseBuysSinceMs: number | null;
  /** Whether orders go out while no other node receives what is written: on, or not at all. */
  readonly whenDetached: "available" | "strict";
  readonly live: LiveSwitch | null;
};

/** What was asked for, or why it is not known. What is not known blocks. */
export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "failed"; readonly reason: string };

/** All amounts here are in the currency of the account. */
type Snapshot = { readonly atMs: number; readonly equity: number };
type Deposit = { readonly atMs: number; readonly amount: number };

/** Shares are of the value at the beginning; a trading day of a replayed market is shorter than a real one. */
export type ProtectionLimits = {
  readonly dayMs: number;
  readonly dayLossToBlockSells: number;
  readonly dayLossToBlockAll: number;
  readonly drawdownToBlockBuys: number;
  readonly drawdownDays: number;
  readonly drawdownLockDays: number;
};

/** A day's loss of 2% ends its sells, of 5% all of its trades; a quarter below the peak of 90 days, buys rest a week. */
export const protectionLimits = (dayMs: number): ProtectionLimits => ({
  dayMs,
  dayLossToBlockSells: 0.02,
  dayLossToBlockAll: 0.05,
  drawdownToBlockBuys: 0.25,
  drawdownDays: 90,
  drawdownLockDays: 7,
});

export type ProtectionInput = {
  readonly nowMs: number;
  readonly limits: ProtectionLimits;
  readonly marketOpen: Reading<boolean>;
  /** The broker's word for cash and positions together. */
  readonly equity: Reading<number>;
  /** Of the window of drawdowns, oldest first; cash is in them. */
  readonly snapshots: readonly Snapshot[];
  /** Of the same time; withdrawals are negative. */
  readonly deposits: Reading<readonly Deposit[]>;
  /** Orders whose end is not known. */
  readonly pending: readonly { readonly clientOrderId: string; readonly symbol: string; readonly state: string }[];
  /** Symbols that the market lets nobody trade, each with why and until when. */
  readonly anomalies: ReadonlyMap<string, string>;
  /** The locks of before: one with an end of its own stands until then. */
  readonly standing: readonly Lock[];
};

const nextLook = "until a later cycle finds it otherwise";

/** The locks that the market, the broker and the portfolio give reason to. */
export function protections(input: ProtectionInput): readonly Lock[] {
  return [...marketLocks(input), ...dayLocks(input), ...drawdownLocks(input), ...symbolLocks(input)];
}

const lock = (nowMs: number, name: string, blocks: Lock["blocks"], reason: string, over: Partial<Lock> = {}): Lock => ({
  name,
  blocks,
  symbol: null,
  reason,
  sinceMs: nowMs,
  untilMs: null,
  ends: nextLook,
  ...over,
});

function marketLocks({ nowMs, marketOpen }: ProtectionInput): readonly Lock[] {
  if (marketOpen.kind === "failed") {
    return [lock(nowMs, "market", "all", `whether the market is open is not known: ${marketOpen.reason}`)];
  }
  return marketOpen.value ? [] : [lock(nowMs, "market", "all", "the market is closed", { ends: "until it opens" })];
}

/** Gain or loss since the beginning of the day, as a share of the value then; money from outside is neither. */
function dayLocks({ nowMs, limits, equity, snapshots, deposits }: ProtectionInput): readonly Lock[] {
  const unknown = (why: string): readonly Lock[] => [
    lock(nowMs, "day-loss", "all", `the gain or loss of the day is not known: ${why}`),
  ];
  if (equity.kind === "failed") return unknown(equity.reason);
  if (deposits.kind === "failed") return unknown(deposits.reason);
  const dayStartMs = Math.floor(nowMs / limits.dayMs) * limits.dayMs;
  const first = snapshots.findLast(({ atMs }) => atMs < dayStartMs) ?? snapshots[0];
  if (first === undefined) return unknown("there is no value from before");
  const began = first.equity + sumSince(deposits.value, first.atMs);
  const change = (equity.value - began) / began;
  if (!Number.isFinite(change) || began <= 0) return unknown("the value from before is none");
  const blocks = change <= -limits.dayLossToBlockAll ? "all" : change <= -limits.dayLossToBlockSells ? "sells" : null;
  if (blocks === null) return [];
  const untilMs = dayStartMs + limits.dayMs;
  return [lock(nowMs, "day-loss", blocks, `the day's loss is ${percent(-change)}`, { untilMs })];
}

/** How far the value is below its highest of the window, all in today's capital: deposits since then are added. */
function drawdownLocks(input: ProtectionInput): readonly Lock[] {
  const { nowMs, limits, equity, snapshots, deposits, standing } = input;
  const stands = standing.filter(({ name, untilMs }) => name === "drawdown" && untilMs !== null && untilMs > nowMs);
  if (stands.length > 0) return stands;
  // Unknown values block by the day's loss already.
  if (equity.kind === "failed" || deposits.kind === "failed") return [];
  const fromMs = nowMs - limits.drawdownDays * limits.dayMs;
  const values = snapshots
    .filter(({ atMs }) => atMs >= fromMs)
    .map((one) => one.equity + sumSince(deposits.value, one.atMs));
  const peak = Math.max(...values, equity.value);
  const drawdown = 1 - equity.value / peak;
  if (!(drawdown >= limits.drawdownToBlockBuys)) return [];
  const reason = `the value is ${percent(drawdown)} below its highest of ${limits.drawdownDays} days, deposits left out`;
  return [lock(nowMs, "drawdown", "buys", reason, { untilMs: nowMs + limits.drawdownLockDays * limits.dayMs })];
}

function symbolLocks({ nowMs, pending, anomalies }: ProtectionInput): readonly Lock[] {
  return [
    ...pending.map(({ clientOrderId, symbol, state }) =>
      lock(nowMs, `pending ${clientOrderId}`, "all", `order ${clientOrderId} is ${state}`, {
        symbol,
        ends: "until its end is known, which every cycle asks for",
      }),
    ),
    ...[...anomalies].map(([symbol, why]) => lock(nowMs, `market ${symbol}`, "all", why, { symbol })),
  ];
}

/** The locks of the owner's switches; without a readable switch nothing is traded. */
export function switchLocks(controls: Reading<Controls>, detached: boolean, nowMs: number): readonly Lock[] {
  if (controls.kind === "failed") {
    return [lock(nowMs, "settings", "all", controls.reason, { ends: "until it is set anew" })];
  }
  const { stopSinceMs, pauseBuysSinceMs, whenDetached } = controls.value;
  const strict = whenDetached === "strict" && detached;
  return [
    ...(stopSinceMs === null
      ? []
      : [
          lock(stopSinceMs, "stop-everything", "all", "everything is stopped", {
            ends: "until: trader stop-everything off",
          }),
        ]),
    ...(pauseBuysSinceMs === null
      ? []
      : [lock(pauseBuysSinceMs, "pause-buys", "buys", "buys are paused", { ends: "until: trader pause-buys off" })]),
    ...(strict
      ? [
          lock(nowMs, "detached", "all", "no other node receives what is written here, and the policy is strict", {
            ends: "until the other node is in sync, or: trader when-detached available",
          }),
        ]
      : []),
  ];
}

const sumSince = (deposits: readonly Deposit[], sinceMs: number): number =>
  deposits.filter(({ atMs }) => atMs > sinceMs).reduce((sum, { amount }) => sum + amount, 0);

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
