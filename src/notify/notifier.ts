import type { Logger } from "pino";
import { z } from "zod";
import type { PairView } from "../../ha/contract.ts";
import { type AlertState, type Situation, nextAlerts, noAlerts } from "./alerts.ts";
import { AlertSender } from "./sender.ts";

const address = z.url({ protocol: /^https?$/ }).optional();

/** The variables of alerts and signs of life; all of it is optional. */
export const notifyEnvironment = z.object({
  TRADER_WEBHOOK_URL: address,
  TRADER_NTFY_URL: address,
  TRADER_DEADMAN_URL: address,
});

/** Where this node's alerts and signs of life go. */
export const notifySettings = notifyEnvironment.transform((env) => ({
  webhookUrl: env.TRADER_WEBHOOK_URL,
  ntfyUrl: env.TRADER_NTFY_URL,
  deadManUrl: env.TRADER_DEADMAN_URL,
}));

export type NotifierOptions = {
  readonly node: string;
  readonly cluster: string;
  readonly settings: z.infer<typeof notifySettings>;
  /** Does this node lead with its ledger open? */
  readonly works: () => boolean;
  readonly log: Logger;
};

const reviewEveryMs = 1_000;
const pingEveryMs = 60_000;
const pingLimitMs = 10_000;

/** Tells the owner what happens to the pair. Whatever fails here stops nothing else. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #sender: AlertSender;
  #situation: Situation | null = null;
  #state: AlertState = noAlerts;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: NotifierOptions) {
    const { node, cluster, settings, log } = options;
    this.#options = options;
    this.#sender = new AlertSender({ node, cluster, targets: settings, log });
  }

  run(): void {
    this.#every(reviewEveryMs, () => this.#review());
    const { deadManUrl } = this.#options.settings;
    if (deadManUrl !== undefined) this.#every(pingEveryMs, () => void this.#ping(deadManUrl));
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#sender.stop();
  }

  /** What the agent says of the pair. */
  see(view: PairView): void {
    this.#situation = situationOf(view);
    this.#review();
  }

  #review(): void {
    if (this.#situation === null) return;
    const { state, alerts } = nextAlerts(this.#state, this.#situation, performance.now());
    this.#state = state;
    for (const alert of alerts) {
      this.#options.log.info({ alert }, "alert");
      this.#sender.send(alert);
    }
  }

  /** A sign of life for a monitor outside: only of a node that does the work. When it stops, that one raises the alarm. */
  async #ping(url: string): Promise<void> {
    if (!this.#options.works()) return;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(pingLimitMs) });
      await response.body?.cancel();
    } catch (error) {
      // Not the error itself: it may carry the address, which is a secret.
      const failure = error instanceof Error ? error.name : "unknown";
      this.#options.log.warn({ failure }, "the sign of life was not taken");
    }
  }

  #every(ms: number, action: () => void): void {
    const timer = setInterval(action, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}

function situationOf(view: PairView): Situation {
  const { node, role, primary, epoch, peer, arbiter, troubles, reasons } = view;
  return { node, role, primary, epoch, peer, arbiter, troubles, waitsFor: reasons };
}
