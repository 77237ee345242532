import type { NetPair } from "./net-pair.ts";

const EVERY_MS = 200;

/** Five probes a second at both nodes, whoever leads, from their own machines, until it is stopped. */
export class NetLoad {
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(pair: NetPair) {
    this.#timer = setInterval(() => {
      for (const name of ["uno-a", "uno-b"] as const) {
        const asked = pair.probe(name);
        this.#underWay.add(asked);
        void asked.finally(() => this.#underWay.delete(asked));
      }
    }, EVERY_MS);
  }

  /** Resolves when the last probe was answered or given up. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.#underWay);
  }
}
