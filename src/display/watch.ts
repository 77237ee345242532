import type { LedDisplay } from "../led/display.ts";
import { ask, type Answer } from "./ask.ts";
import {
  answered,
  asked,
  beginFollow,
  type Follow,
  heard,
  type Shown,
  shownAt,
  sighted,
  toAsk,
  unanswered,
} from "./follow.ts";

const stepMs = 100;

export type WatchOptions = {
  /** "host:port" of nodes, from a person. */
  readonly from: readonly string[];
  readonly token: string | null;
  readonly ask?: (address: string, token: string | null) => Promise<Answer>;
  readonly nowMs?: () => number;
};

/** Keeps asking the nodes, and knows at every moment what may be shown. `run` and `stop` it. */
export class DisplayWatch {
  readonly #options: WatchOptions;
  readonly #ask: (address: string, token: string | null) => Promise<Answer>;
  readonly #nowMs: () => number;
  #follow: Follow;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#ask = options.ask ?? ((address, token) => ask(address, token));
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#follow = beginFollow(options.from, this.#nowMs());
  }

  run(): void {
    this.#timer ??= setInterval(() => this.#step(), stepMs);
    this.#step();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Somebody says that a node's page is at this "host:port". */
  sighted(address: string): void {
    this.#follow = sighted(this.#follow, address);
  }

  /** A picture came by itself, from a broker. */
  heard(from: string, display: LedDisplay): void {
    this.#follow = heard(this.#follow, from, display, this.#nowMs());
  }

  shown(): Shown {
    return shownAt(this.#follow, this.#nowMs());
  }

  #step(): void {
    const nowMs = this.#nowMs();
    for (const address of toAsk(this.#follow, nowMs)) {
      this.#follow = asked(this.#follow, address, nowMs);
      void this.#ask(address, this.#options.token).then((answer) => {
        this.#follow =
          answer.kind === "answered"
            ? answered(this.#follow, address, answer.display, nowMs)
            : unanswered(this.#follow, address, answer.reason);
      });
    }
  }
}
