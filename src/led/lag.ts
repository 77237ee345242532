/** What is on its way is no lag: a standby that had everything within this is up to date. */
const onItsWayMs = 3_000;

/** How far a standby is behind, without the flicker of what is on its way. Times are real milliseconds. */
export class LagWatch {
  readonly #nowMs: () => number;
  #txids: number | null = null;
  #completeMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** What the agent says; null when it does not know. */
  see(txids: number | null): void {
    this.#txids = txids;
    if (txids === 0) this.#completeMs = this.#nowMs();
  }

  /** Transactions; null when unknown. */
  get txids(): number | null {
    if (this.#txids === null || this.#txids === 0) return this.#txids;
    return this.#nowMs() - this.#completeMs < onItsWayMs ? 0 : this.#txids;
  }
}
