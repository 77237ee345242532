import { uptime } from "node:os";

/**
 * Two numbers that both threads of mDNS see at once, without a message that a blocked thread would read late:
 * until when the lease stands, and the worker's turns.
 */
export type MdnsShared = BigInt64Array<SharedArrayBuffer>;

const LEASE_ENDS = 0;
const TURNS = 1;

/** No lease, no turns yet. */
export const createMdnsShared = (): MdnsShared => new BigInt64Array(new SharedArrayBuffer(16));

/** Milliseconds since boot, time asleep included, one clock for all threads; null when the system does not say. */
export function bootMs(): number | null {
  try {
    return Math.round(uptime() * 1_000);
  } catch {
    return null;
  }
}

/** The lease stands until this instant of `bootMs`; 0: there is none. */
export function setLeaseEnd(shared: MdnsShared, endsBootMs: number): void {
  Atomics.store(shared, LEASE_ENDS, BigInt(Math.floor(endsBootMs)));
}

/** Whether the lease stands at this instant of `bootMs`; without a clock it does not. */
export const leaseStands = (shared: MdnsShared, nowBootMs: number | null): boolean =>
  nowBootMs !== null && BigInt(Math.floor(nowBootMs)) < Atomics.load(shared, LEASE_ENDS);

/** The worker has come round once more. */
export function countTurn(shared: MdnsShared): void {
  Atomics.add(shared, TURNS, 1n);
}

/** How often the worker, and those before it, came round. */
export const turnsOf = (shared: MdnsShared): bigint => Atomics.load(shared, TURNS);
