import type { Job } from "../app-ports.ts";

/** An activity stays on the display at least this long, or nobody would see it. */
const shownMsMin = 700;

/** What the node is doing at the moment, for the display. Times are real milliseconds. */
export class ActivityBoard {
  readonly #nowMs: () => number;
  /** Told when an activity begins or ends. */
  onChange: () => void = () => {};
  #text: string | null = null;
  #sinceMs = 0;
  #drawnMs = 0;
  #over = true;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  begin(text: string): void {
    this.#text = text;
    this.#sinceMs = this.#nowMs();
    this.#over = false;
    this.onChange();
  }

  /** How far the activity is; drawn at once only when nothing was drawn for a while. */
  progress(text: string): void {
    if (this.#over) return;
    this.#text = text;
    if (this.#nowMs() - this.#drawnMs < shownMsMin) return;
    this.#drawnMs = this.#nowMs();
    this.onChange();
  }

  end(): void {
    this.#over = true;
    this.onChange();
  }

  get current(): string | null {
    if (this.#over && this.#nowMs() - this.#sinceMs >= shownMsMin) this.#text = null;
    return this.#text;
  }
}

/** The same job, which says on the board that it runs. */
export const shownOn = (board: ActivityBoard, text: string, job: Job): Job => ({
  ...job,
  async run(slot, signal) {
    board.begin(text);
    try {
      return await job.run(slot, signal);
    } finally {
      board.end();
    }
  },
});
