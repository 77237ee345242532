/** One interface's side of the cluster's alias. Times are milliseconds of one clock that only goes forward. */
export type Alias = {
  /** Since when this node holds the lease without a break; null: it does not. */
  readonly heldSinceMs: number | null;
  /** When another host, to which the name was left, was heard last. */
  readonly yieldedMs: number | null;
};

export const noAlias: Alias = { heldSinceMs: null, yieldedMs: null };

/** What a predecessor sent before its lease ended may still arrive for a while: it is no rival. */
const SETTLED_AFTER_MS = 5_000;
/** A name that was left to another host is taken back when that one has been silent for three questions. */
const YIELDS_FOR_MS = 30_000;

/** The same alias once it is known whether the lease stands. */
export function withLease(alias: Alias, stands: boolean, nowMs: number): Alias {
  if (!stands) return { ...alias, heldSinceMs: null };
  return alias.heldSinceMs === null ? { ...alias, heldSinceMs: nowMs } : alias;
}

/** Whether this node answers to the alias. */
export const answers = ({ heldSinceMs, yieldedMs }: Alias, nowMs: number): boolean =>
  heldSinceMs !== null && (yieldedMs === null || nowMs - yieldedMs >= YIELDS_FOR_MS);

/**
 * Another host said that the alias is at `theirs`; null when that is nothing to care about. Of two that both stay, the
 * one with the greater address keeps the name, as in RFC 6762, 8.2, so that no reader is sent here and there.
 */
export function onClaim(alias: Alias, ours: readonly string[], theirs: string, nowMs: number): Alias | null {
  if (alias.heldSinceMs === null || nowMs - alias.heldSinceMs < SETTLED_AFTER_MS) return null;
  return ours.some((own) => valueOf(own) > valueOf(theirs)) ? alias : { ...alias, yieldedMs: nowMs };
}

/** An IPv4 address as a number. */
const valueOf = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
