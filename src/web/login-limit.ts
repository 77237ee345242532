/** Wrong passwords in a row that cost a caller nothing. */
const freeAttempts = 5;
const delayMsMin = 1_000;
const delayMsMax = 5 * 60_000;
/** After this long without an attempt a caller begins anew. */
const forgetMs = 60 * 60_000;
const callersMax = 1_024;
/** What callers whom nobody knows may try together: this many at once, and one more for each of these times. */
const strangersAtOnce = 30;
const strangerEveryMs = 2_000;

type Attempts = { readonly failures: number; readonly lastMs: number; readonly waitMs: number };

/**
 * How often a password may be tried. Each caller has its own delay, which doubles from the sixth failure on, and
 * strangers share a bound over all of them. A known caller, whose browser has logged in before or who sits on the
 * machine, is outside of that bound: whatever others do from other addresses, its owner is not locked out.
 * Times are monotonic milliseconds.
 */
export class LoginLimit {
  readonly #callers = new Map<string, Attempts>();
  #strangers = strangersAtOnce;
  #refilledMs = 0;

  /**
   * How long this caller has to wait; 0: it may try now, which counts as a failure until `succeeded` takes it back,
   * so that many attempts at once are no way around.
   */
  admit(caller: string, isKnown: boolean, nowMs: number): number {
    const found = this.#callers.get(caller);
    const before = found !== undefined && nowMs - found.lastMs < forgetMs ? found : null;
    const waitMs = before === null ? 0 : before.lastMs + before.waitMs - nowMs;
    if (waitMs > 0) return waitMs;
    if (!isKnown) {
      const strangerMs = this.#admitStranger(nowMs);
      if (strangerMs > 0) return strangerMs;
    }
    const failures = (before?.failures ?? 0) + 1;
    const nextMs = failures < freeAttempts ? 0 : Math.min(delayMsMin * 2 ** (failures - freeAttempts), delayMsMax);
    // Deleted first: the table is in the order of the last attempt, and the oldest goes.
    this.#callers.delete(caller);
    const oldest = this.#callers.keys().next();
    if (this.#callers.size >= callersMax && !oldest.done) this.#callers.delete(oldest.value);
    this.#callers.set(caller, { failures, lastMs: nowMs, waitMs: nextMs });
    return 0;
  }

  succeeded(caller: string): void {
    this.#callers.delete(caller);
  }

  #admitStranger(nowMs: number): number {
    const refill = Math.floor((nowMs - this.#refilledMs) / strangerEveryMs);
    if (refill > 0) {
      this.#strangers = Math.min(strangersAtOnce, this.#strangers + refill);
      this.#refilledMs += refill * strangerEveryMs;
    }
    if (this.#strangers === 0) return this.#refilledMs + strangerEveryMs - nowMs;
    this.#strangers--;
    return 0;
  }
}

/** How an address is counted: an IPv6 network of 64 bits is one caller, whoever has one has all of it. */
export function callerAddress(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
