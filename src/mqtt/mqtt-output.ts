import type { Logger } from "pino";
import type { LedDisplay } from "../led/display.ts";
import { BrokerLink, type BrokerTimes } from "./broker-link.ts";
import { nodeDiscovery, pairDiscovery } from "./discovery.ts";
import { displayMessage, type MqttFacts, type MqttMessage, stateMessages, statusMessage } from "./messages.ts";
import type { MqttSettings } from "./mqtt-settings.ts";

const stateEveryMs = 30_000;
/** Displays call figures old after five seconds. */
const displayEveryMs = 2_000;
/** Between two looks, however often something changes. */
const restMs = 1_000;

export type MqttOutputOptions = {
  readonly cluster: string;
  readonly node: string;
  readonly settings: MqttSettings;
  readonly facts: () => MqttFacts;
  /** What displays shall draw; null where another node leads. */
  readonly display: () => LedDisplay | null;
  readonly log: Logger;
  readonly times?: BrokerTimes;
};

/** Publishes what a node knows, every 30 s and within a second of a change. Nothing here throws into the app. */
export class MqttOutput {
  readonly #options: MqttOutputOptions;
  readonly #link: BrokerLink;
  readonly #published = new Map<string, { readonly payload: string; readonly atMs: number }>();
  #timer: NodeJS.Timeout | null = null;
  #displayedMs = Number.NEGATIVE_INFINITY;

  constructor(options: MqttOutputOptions) {
    const { cluster, node, settings, log, times } = options;
    this.#options = options;
    this.#link = new BrokerLink({
      address: settings,
      clientId: `trader-${cluster}-${node}`,
      will: statusMessage(cluster, node, "offline"),
      onConnected: () => this.#everything(),
      log,
      ...(times && { times }),
    });
  }

  /** Resolves after `stop`; never rejects. */
  run(): Promise<void> {
    this.#timer = setInterval(() => this.#look(), restMs);
    this.#timer.unref();
    return this.#link.run();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#link.stop();
  }

  #everything(): readonly MqttMessage[] {
    const { cluster, node } = this.#options;
    const atMs = performance.now();
    const state = this.#state();
    for (const { topic, payload } of state) this.#published.set(topic, { payload, atMs });
    return [statusMessage(cluster, node, "online"), ...state];
  }

  #look(): void {
    try {
      const nowMs = performance.now();
      for (const message of this.#state()) {
        const before = this.#published.get(message.topic);
        if (before?.payload === message.payload && nowMs - before.atMs < stateEveryMs) continue;
        this.#published.set(message.topic, { payload: message.payload, atMs: nowMs });
        this.#link.publish(message);
      }
      if (nowMs - this.#displayedMs < displayEveryMs) return;
      this.#displayedMs = nowMs;
      const display = this.#options.display();
      if (display !== null) this.#link.publish(displayMessage(this.#options.cluster, display));
    } catch (error) {
      this.#options.log.warn({ err: error }, "nothing was published over MQTT this time");
    }
  }

  #state(): readonly MqttMessage[] {
    const { cluster, node, settings, facts } = this.#options;
    const known = facts();
    return [
      ...nodeDiscovery(settings.discoveryPrefix, cluster, node),
      ...(known.portfolio === null ? [] : pairDiscovery(settings.discoveryPrefix, cluster)),
      ...stateMessages(cluster, known),
    ];
  }
}
