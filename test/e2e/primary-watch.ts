import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { getJson } from "../../src/demo/http.ts";
import type { ReadyNode } from "./demo-process.ts";
import type { Pair } from "./pair.ts";

type Yes = { readonly node: ReadyNode; readonly epoch: number; readonly sentMs: number; readonly heardMs: number };

const EVERY_MS = 10;
const LIMIT_MS = 1_000;
const answerSchema = z.looseObject({ epoch: z.int() });

/** Asks both nodes for `/primary` all the time, as a load balancer does, and remembers what follows from the answers. */
export class PrimaryWatch {
  readonly violations: string[] = [];
  /** Longest time between two answers of 200, from whichever node. */
  longestGapMs = 0;
  readonly #loops: readonly Promise<void>[];
  readonly #firstYes = new Map<ReadyNode, number>();
  readonly #lastYes = new Map<ReadyNode, number>();
  #last: Yes | null = null;
  #stopped = false;

  constructor(pair: Pair) {
    this.#loops = pair.line.nodes.map((node) => this.#ask(node));
  }

  /** Who answered 200 last; null before anybody did. */
  get leader(): ReadyNode | null {
    return this.#last?.node ?? null;
  }

  /** When this node first answered 200; null while it has not. */
  firstYesMs(node: ReadyNode): number | null {
    return this.#firstYes.get(node) ?? null;
  }

  /** When this node last answered 200; null while it has not. */
  lastYesMs(node: ReadyNode): number | null {
    return this.#lastYes.get(node) ?? null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #ask(node: ReadyNode): Promise<void> {
    while (!this.#stopped) {
      const sentMs = performance.now();
      const answer = await getJson(`http://127.0.0.1:${node.agentPort}/primary`, answerSchema, LIMIT_MS);
      if (answer?.status === 200 && answer.value !== null) {
        this.#saw({ node, epoch: answer.value.epoch, sentMs, heardMs: performance.now() });
      }
      await sleep(EVERY_MS);
    }
  }

  #saw(yes: Yes): void {
    const last = this.#last;
    if (!this.#firstYes.has(yes.node)) this.#firstYes.set(yes.node, yes.heardMs);
    this.#lastYes.set(yes.node, yes.heardMs);
    if (last !== null && last.node !== yes.node && yes.epoch <= last.epoch) {
      // An answer that was on its way while the other one took over is no contradiction.
      if (yes.sentMs > last.heardMs) {
        const [late, before] = [yes, last].map(({ node, epoch }) => `${node.name} (epoch ${epoch})`);
        this.violations.push(`${late ?? ""} answered 200 on /primary after ${before ?? ""} had`);
      }
      return;
    }
    if (last !== null) this.longestGapMs = Math.max(this.longestGapMs, yes.heardMs - last.heardMs);
    this.#last = yes;
  }
}
