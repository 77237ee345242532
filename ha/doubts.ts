import { keepsFailing, weightOf, withFault } from "./core/faults.ts";
import type { Fault } from "./core/faults.ts";
import { hindranceOf } from "./core/hindrance.ts";
import type { Member } from "./core/member.ts";

/** After giving the lease away this node leaves it to the other one for a while. */
const unfitForMs = 30_000;
const hourMs = 3_600_000;

/** What speaks against this node's leading, and whether that is reason enough to give the lease away. Monotonic times. */
export class Doubts {
  #broken: { readonly reason: string; readonly untilMs: number } | null = null;
  #faults: readonly Fault[] = [];
  #givenAwayMs: readonly number[] = [];
  #kept: string | null = null;

  /** Why this node cannot lead at this moment; null when it could. */
  broken(nowMs: number): string | null {
    return this.#broken !== null && nowMs < this.#broken.untilMs ? this.#broken.reason : null;
  }

  /** Why this node would rather not lead, and why it still does. */
  get kept(): string | null {
    return this.#kept;
  }

  /** The app ended or hung once more; answers why starting it again is no answer any more, null while it may be. */
  failed(how: keyof typeof weightOf, reason: string, nowMs: number): string | null {
    this.#faults = withFault(this.#faults, { atMs: nowMs, reason, weight: weightOf[how] });
    return keepsFailing(this.#faults, nowMs);
  }

  /** Nothing is wrong at this moment. */
  well(nowMs: number): void {
    if (keepsFailing(this.#faults, nowMs) === null) this.#kept = null;
  }

  /** Whether the peer should lead instead; where it cannot, `kept` says so. A few times an hour at most. */
  shouldGiveAway(reason: string, member: Member, nowMs: number): boolean {
    this.#givenAwayMs = this.#givenAwayMs.filter((atMs) => atMs > nowMs - hourMs);
    const hindrance = hindranceOf(member, this.#givenAwayMs.length, nowMs);
    this.#kept = hindrance === null ? null : `${reason}; it goes on, because ${hindrance}`;
    if (hindrance === null) this.#givenAwayMs = [...this.#givenAwayMs, nowMs];
    return hindrance === null;
  }

  /** What was held against this node has had its effect: when it leads again, it starts afresh. */
  givenAway(reason: string, nowMs: number): void {
    this.#broken = { reason, untilMs: nowMs + unfitForMs };
    this.#faults = [];
  }
}
