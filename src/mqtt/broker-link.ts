import type { Logger } from "pino";
import type { MqttClient } from "mqtt";
import { Wake } from "../led/router/wake.ts";
import type { MqttMessage } from "./messages.ts";
import type { BrokerAddress } from "./mqtt-settings.ts";

export type BrokerTimes = {
  readonly connectMs: number;
  /** A message that a broker does not take within this ends the connection. */
  readonly sendMs: number;
  /** The broker gives up on a silent client, and says its last will, after one and a half times this. */
  readonly keepaliveMs: number;
  /** Pauses before the first, second, … new attempt; the last one repeats. */
  readonly backoffMs: readonly number[];
};
const brokerTimes: BrokerTimes = {
  connectMs: 5_000,
  sendMs: 5_000,
  keepaliveMs: 10_000,
  backoffMs: [500, 1_000, 2_000, 5_000, 15_000, 30_000],
};

export type BrokerOptions = {
  readonly address: BrokerAddress;
  /** The same in each run, so that a broker knows which connection is the old one. */
  readonly clientId: string;
  readonly log: Logger;
  /** What the broker says in our place when the connection is lost. */
  readonly will?: MqttMessage;
  /** Said first on every connection. */
  readonly onConnected?: () => readonly MqttMessage[];
  /** A topic to hear, and what to do with what comes live; what the broker kept is passed over. */
  readonly hear?: { readonly topic: string; readonly onPayload: (payload: string) => void };
  readonly times?: BrokerTimes;
};

const payloadBytesMax = 64 * 1024;

/**
 * A connection to an MQTT broker that harms nobody: `publish` returns at once and keeps one message a topic, the
 * newest; one at a time is on its way, within a time limit; a broker that is dead, slow or hostile is tried again
 * ever more slowly.
 */
export class BrokerLink {
  readonly #options: BrokerOptions;
  readonly #times: BrokerTimes;
  readonly #pending = new Map<string, MqttMessage>();
  readonly #work = new Wake();
  readonly #pause = new Wake();
  #client: MqttClient | null = null;
  #said = "";
  #stopped = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#times = options.times ?? brokerTimes;
  }

  /** Runs until `stop`; never rejects. */
  async run(): Promise<void> {
    for (let failures = 0; !this.#stopped;) {
      const startedMs = performance.now();
      try {
        await this.#session();
      } catch (error) {
        this.#say("down", () => this.#options.log.warn({ err: error }, "the MQTT broker is not there; trying again"));
      }
      // A broker that drops every connection at once is not asked again at once.
      if (performance.now() - startedMs > this.#times.keepaliveMs) failures = 0;
      const { backoffMs } = this.#times;
      if (!this.#stopped) await this.#pause.wait(backoffMs[Math.min(failures++, backoffMs.length - 1)] ?? 1_000);
    }
  }

  /** The newest of a topic wins; without a connection nothing is kept, since each one begins with everything. */
  publish(message: MqttMessage): void {
    if (this.#client?.connected !== true) return;
    this.#pending.set(message.topic, message);
    this.#work.ring();
  }

  /** Ends without a farewell: the broker says the last will. */
  stop(): void {
    this.#stopped = true;
    this.#client?.end(true);
    this.#work.ring();
    this.#pause.ring();
  }

  /** One connection from its beginning to its end; rejects with why it ended. */
  async #session(): Promise<void> {
    const client = await this.#open();
    const closed = Promise.withResolvers<never>();
    closed.promise.catch(() => undefined);
    let failure: Error | null = null;
    client.on("error", (error) => (failure = error));
    client.on("close", () => {
      closed.reject(failure ?? new Error("the broker closed the connection"));
      this.#work.ring();
    });
    try {
      const connected = new Promise<void>((resolve) => void client.once("connect", () => resolve()));
      await Promise.race([connected, closed.promise]);
      this.#say("up", () => this.#options.log.info("connected to the MQTT broker"));
      await this.#begin(client);
      while (client.connected && !this.#stopped) {
        await this.#sendAll(client);
        await this.#work.wait(60_000);
      }
      if (!this.#stopped) await closed.promise;
    } finally {
      this.#client = null;
      this.#pending.clear();
      client.end(true);
    }
  }

  async #open(): Promise<MqttClient> {
    // Loaded where a broker is set: it costs 20 MB.
    const { connect } = await import("mqtt");
    const { address, clientId, will } = this.#options;
    const { user, password, url } = address;
    const client = connect(url, {
      clientId,
      clean: true,
      protocolVersion: 4,
      // Pauses are this class's business.
      reconnectPeriod: 0,
      connectTimeout: this.#times.connectMs,
      keepalive: Math.ceil(this.#times.keepaliveMs / 1_000),
      timerVariant: "native",
      queueQoSZero: false,
      resubscribe: false,
      ...(user !== null && { username: user }),
      ...(password !== null && { password }),
      ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 0, retain: will.retain } }),
    });
    this.#client = client;
    return client;
  }

  async #begin(client: MqttClient): Promise<void> {
    const { onConnected, hear } = this.#options;
    for (const message of onConnected?.() ?? []) this.publish(message);
    if (hear === undefined) return;
    client.on("message", (topic, payload, { retain }) => {
      if (topic === hear.topic && !retain && payload.length <= payloadBytesMax) hear.onPayload(payload.toString());
    });
    await this.#within(
      new Promise((resolve, reject) => {
        client.subscribe(hear.topic, { qos: 0 }, (error) => (error === null ? resolve() : reject(error)));
      }),
    );
  }

  async #sendAll(client: MqttClient): Promise<void> {
    for (const message of this.#queued()) {
      const { topic, payload, retain } = message;
      this.#pending.delete(topic);
      // Called back when the socket takes more, so that nothing piles up behind a broker that does not read.
      await this.#within(
        new Promise((resolve, reject) => {
          client.publish(topic, payload, { qos: 0, retain }, (error) => (error ? reject(error) : resolve()));
        }),
      );
    }
  }

  *#queued(): Generator<MqttMessage> {
    for (let next = this.#first(); next !== null; next = this.#first()) yield next;
  }

  #first(): MqttMessage | null {
    return this.#pending.values().next().value ?? null;
  }

  async #within(done: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("the broker does not take messages")), this.#times.sendMs);
    try {
      await Promise.race([done, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says a change of state once, not each attempt. */
  #say(state: string, words: () => void): void {
    if (this.#said === state || this.#stopped) return;
    this.#said = state;
    words();
  }
}
