import { SourceFault } from "../market/source-fault.ts";

/** So many stocks in a row without an answer, each tried again already: the source is away, and the rest would wait too. */
const AWAY_AFTER = 3;
const TEXT_MAX = 400;

/** One round of questions to a source, stock by stock: its progress, what went wrong, and when to give up. */
export class SourceRound {
  /** What was left out, each with why. */
  readonly troubles: string[] = [];
  readonly #what: string;
  readonly #total: number;
  readonly #onProgress: ((text: string) => void) | undefined;
  readonly #signal: AbortSignal;
  #done = 0;
  #unanswered = 0;

  constructor(what: string, total: number, onProgress: ((text: string) => void) | undefined, signal: AbortSignal) {
    this.#what = what;
    this.#total = total;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  /** Does one stock's work, which returns its trouble or null; a failure is its trouble. Throws when aborted. */
  async step(symbol: string, work: () => Promise<string | null>): Promise<void> {
    this.#signal.throwIfAborted();
    const trouble =
      this.#unanswered >= AWAY_AFTER ? "not asked for, as the source does not answer" : await this.#try(work);
    this.#signal.throwIfAborted();
    if (trouble !== null) this.troubles.push(`${symbol}: ${trouble}`);
    this.#onProgress?.(`${this.#what} ${++this.#done} of ${this.#total}`);
  }

  async #try(work: () => Promise<string | null>): Promise<string | null> {
    try {
      const trouble = await work();
      this.#unanswered = 0;
      return trouble;
    } catch (error) {
      this.#unanswered = error instanceof SourceFault && error.kind === "passing" ? this.#unanswered + 1 : 0;
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The end of a sentence on what came of the round; empty when nothing was left out. */
  without(): string {
    return this.troubles.length === 0 ? "" : `; without ${this.troubles.join(", ")}`.slice(0, TEXT_MAX);
  }
}
