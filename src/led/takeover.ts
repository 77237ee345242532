import type { PairView } from "../../ha/contract.ts";
import { leaderName } from "./facts.ts";

/** Real milliseconds for which a takeover is shown. */
const takeoverShownMs = 60_000;

/** Remembers who led before this node was promoted. Times are real milliseconds. */
export class TakeoverWatch {
  readonly #node: string;
  readonly #nowMs: () => number;
  #leader: string | null = null;
  #tookOver: { readonly from: string; readonly atMs: number } | null = null;

  constructor(node: string, nowMs: () => number = () => performance.now()) {
    this.#node = node;
    this.#nowMs = nowMs;
  }

  /** What the agent says of the pair, while this node is a standby. */
  see(view: PairView): void {
    if (view.role === "standby" && view.primaryApp !== null) this.#leader = leaderName(view);
  }

  /** A node that never saw another one lead takes over from nobody: it begins. */
  promoted(): void {
    if (this.#leader !== null && this.#leader !== this.#node)
      this.#tookOver = { from: this.#leader, atMs: this.#nowMs() };
  }

  /** From whom this node took over in the last minute. */
  get from(): string | null {
    return this.#tookOver !== null && this.#nowMs() - this.#tookOver.atMs < takeoverShownMs
      ? this.#tookOver.from
      : null;
  }
}
