import type { Logger } from "pino";

const windowMs = 60_000;
const linesMax = 10;

/** Lines of a log that somebody outside can cause: ten in a minute. What is more is counted, and said with the next one. */
export class PacedLog {
  readonly #log: Logger | undefined;
  readonly #nowMs: () => number;
  #windowFromMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #unsaid = 0;

  /** `nowMs` is any monotonic clock. */
  constructor(log: Logger | undefined, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  say(level: "warn" | "error", fields: object, text: string): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#windowFromMs >= windowMs) {
      this.#windowFromMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= linesMax) {
      this.#unsaid += 1;
      return;
    }
    this.#lines += 1;
    this.#log?.[level]({ ...fields, ...(this.#unsaid > 0 && { unsaid: this.#unsaid }) }, text);
    this.#unsaid = 0;
  }
}
