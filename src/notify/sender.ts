import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Alert } from "./alerts.ts";

/** Where alerts go; each is optional. These addresses carry secrets and are never logged. */
type AlertTargets = {
  /** Gets each alert as JSON by POST. */
  readonly webhookUrl?: string | undefined;
  /** A topic of ntfy, e.g. https://ntfy.sh/my-topic. */
  readonly ntfyUrl?: string | undefined;
};

type Sender = { readonly name: string; readonly request: (alert: Alert) => [string, RequestInit] };

export type SenderOptions = {
  readonly node: string;
  readonly cluster: string;
  readonly targets: AlertTargets;
  readonly log: Logger;
  readonly limitMs?: number;
  readonly retryMs?: number;
};

const limitMsDefault = 10_000;
const retryMsDefault = 5_000;
/** After so many attempts, ever further apart, an alert is given up: five minutes or so. */
const attemptsMax = 7;
/** More alerts than this wait only while nothing gets through; the oldest are dropped then. */
const waitingMax = 50;

const priorities = { info: "default", warning: "high", critical: "urgent" } as const;
const tags = { open: "warning", closed: "white_check_mark", event: "arrows_counterclockwise" } as const;

/** Sends alerts to every target, in order, each target by itself: a dead one holds up nothing. */
export class AlertSender {
  readonly #lanes: readonly Lane[];

  constructor(options: SenderOptions) {
    this.#lanes = sendersOf(options).map((sender) => new Lane(sender, options));
  }

  /** Never throws and never waits. */
  send(alert: Alert): void {
    for (const lane of this.#lanes) lane.add(alert);
  }

  stop(): void {
    for (const lane of this.#lanes) lane.stop();
  }
}

function sendersOf({ node, cluster, targets }: SenderOptions): Sender[] {
  const { webhookUrl, ntfyUrl } = targets;
  const senders: Sender[] = [];
  if (webhookUrl !== undefined)
    senders.push({
      name: "webhook",
      request: (alert) => [webhookUrl, post(JSON.stringify({ cluster, node, ...alert }), "application/json", {})],
    });
  if (ntfyUrl !== undefined)
    senders.push({
      name: "ntfy",
      request: ({ text, severity, state }) => [
        ntfyUrl,
        post(text, "text/plain; charset=utf-8", {
          Title: `Trader ${cluster}`,
          Priority: priorities[severity],
          Tags: tags[state],
        }),
      ],
    });
  return senders;
}

const post = (body: string, type: string, headers: Record<string, string>): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": type, ...headers },
  redirect: "error",
});

/** The alerts for one target: one at a time, repeated until taken or given up. */
class Lane {
  readonly #sender: Sender;
  readonly #options: SenderOptions;
  readonly #stopped = new AbortController();
  #waiting: Alert[] = [];
  #busy = false;

  constructor(sender: Sender, options: SenderOptions) {
    this.#sender = sender;
    this.#options = options;
  }

  add(alert: Alert): void {
    this.#waiting = [...this.#waiting, alert].slice(-waitingMax);
    if (!this.#busy) void this.#drain();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (let alert = this.#waiting.shift(); alert !== undefined; alert = this.#waiting.shift()) {
      if (this.#stopped.signal.aborted) break;
      await this.#deliver(alert);
    }
    this.#busy = false;
  }

  async #deliver(alert: Alert): Promise<void> {
    const { log, retryMs = retryMsDefault } = this.#options;
    const { signal } = this.#stopped;
    for (let attempt = 1; attempt <= attemptsMax && !signal.aborted; attempt++) {
      const failure = await this.#attempt(alert);
      if (failure === null) return;
      const details = { target: this.#sender.name, key: alert.key, attempt, failure };
      if (attempt === attemptsMax) return log.error(details, "an alert was given up");
      log.warn(details, "an alert was not taken");
      await sleep(retryMs * 2 ** (attempt - 1), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Null: taken. Otherwise why not, without the address. */
  async #attempt(alert: Alert): Promise<string | null> {
    const [url, init] = this.#sender.request(alert);
    const { limitMs = limitMsDefault } = this.#options;
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(limitMs)]);
    try {
      const response = await fetch(url, { ...init, signal });
      await response.body?.cancel();
      return response.ok ? null : `status ${response.status}`;
    } catch (error) {
      return error instanceof Error ? (error.name === "TimeoutError" ? "no answer in time" : error.name) : "unknown";
    }
  }
}
