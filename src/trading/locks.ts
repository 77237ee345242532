/** Why something may not be traded now, and until when. Instants are the app's clock. */
export type Lock = {
  /** One of a kind: a lock of the same name replaces it. */
  readonly name: string;
  readonly blocks: "buys" | "sells" | "all";
  /** Null: every symbol. */
  readonly symbol: string | null;
  /** One plain sentence. */
  readonly reason: string;
  readonly sinceMs: number;
  /** Null: until what `ends` says. */
  readonly untilMs: number | null;
  /** How it ends: by itself, or by which command. */
  readonly ends: string;
};

type Side = "buy" | "sell";

const blocksSide = ({ blocks }: Lock, side: Side): boolean =>
  blocks === "all" || blocks === (side === "buy" ? "buys" : "sells");

/** The first lock that forbids this trade; null when it is free. */
export const lockOn = (locks: readonly Lock[], trade: { readonly symbol: string; readonly side: Side }): Lock | null =>
  locks.find((lock) => (lock.symbol === null || lock.symbol === trade.symbol) && blocksSide(lock, trade.side)) ?? null;

/** The first lock that forbids this side of every symbol; null when there is none. */
export const lockOnAll = (locks: readonly Lock[], side: Side): Lock | null =>
  locks.find((lock) => lock.symbol === null && blocksSide(lock, side)) ?? null;

/** A lock in words: what is blocked, why, and how it ends. */
export function lockText({ blocks, symbol, reason, untilMs, ends }: Lock): string {
  const what = blocks === "all" ? "Trading" : blocks === "buys" ? "Buying" : "Selling";
  const of = symbol === null ? "" : ` of ${symbol}`;
  const end = untilMs === null ? ends : `until ${new Date(untilMs).toISOString().slice(0, 16)}Z`;
  return `${what}${of} is locked: ${reason} (${end}).`;
}

/** The locks that the owner's switches alone make, by name. */
export const ownersSwitches: readonly string[] = ["settings", "stop-everything", "pause-buys"];

/**
 * The switches as they are at this moment, in place of what a cycle has found of those `names`: one counts from the
 * moment that it is set, and no longer than it is. A lock of the cycle that has ended is left out.
 */
export const withSwitches = (
  found: readonly Lock[],
  switches: readonly Lock[],
  names: readonly string[],
  nowMs: number,
): readonly Lock[] => [
  ...switches,
  ...found.filter(({ name, untilMs }) => !names.includes(name) && (untilMs === null || untilMs > nowMs)),
];
