import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { timeTrouble, troubleNow, type HostTime, type Instant, type TimeCheck } from "./time-rule.ts";

const REQUEST_LIMIT_MS = 5_000;
const AGAIN_AFTER_MS = 30 * 60_000;
const RETRY_AFTER_MS = 15_000;
const RETRY_AFTER_MS_MAX = 5 * 60_000;
/** A clock that was set meanwhile is noticed this soon. */
const LOOK_EVERY_MS = 15_000;

type Ask = (url: string, init: RequestInit) => Promise<Response>;

export type TimeWatchOptions = {
  /** Addresses whose answers carry the time; over TLS, so that nobody on the way can set it. */
  readonly hosts: readonly string[];
  /** What the machine's time service says; see `synchronised`. */
  readonly synchronised: () => Promise<boolean | null>;
  readonly log: Logger;
  readonly fetch?: Ask;
  readonly now?: () => Instant;
};

/** Checks the wall clock by the machine's time service and two hosts: at the start, then now and then, and when it was set. */
export class TimeWatch {
  readonly #options: TimeWatchOptions;
  readonly #fetch: Ask;
  readonly #now: () => Instant;
  readonly #stopped = new AbortController();
  #check: TimeCheck | null = null;

  constructor(options: TimeWatchOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#now = options.now ?? (() => ({ wallMs: Date.now(), monotonicMs: performance.now() }));
  }

  /** Why nothing may be traded by the clock now; null: it is right. */
  trouble(): string | null {
    return troubleNow(this.#check, this.#now());
  }

  /** Checks until `stop`; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    let retryMs = RETRY_AFTER_MS;
    while (!signal.aborted) {
      await this.check();
      const isRight = this.trouble() === null;
      let leftMs = isRight ? AGAIN_AFTER_MS : retryMs;
      retryMs = isRight ? RETRY_AFTER_MS : Math.min(retryMs * 2, RETRY_AFTER_MS_MAX);
      while (leftMs > 0 && !signal.aborted && (this.trouble() === null) === isRight) {
        await sleep(Math.min(leftMs, LOOK_EVERY_MS), undefined, { signal, ref: false }).catch(() => {});
        leftMs -= LOOK_EVERY_MS;
      }
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** One check; its outcome is logged when it is another than before. */
  async check(): Promise<void> {
    const [synchronised, ...answers] = await Promise.all([
      this.#options.synchronised(),
      ...this.#options.hosts.map((host) => this.#ask(host)),
    ]);
    const hosts = answers.filter((answer) => answer !== null);
    const trouble = timeTrouble({ synchronised, hosts });
    const before = this.#check;
    this.#check = { trouble, at: this.#now() };
    if (before !== null && before.trouble === trouble) return;
    if (trouble === null) this.#options.log.info("the wall clock is right");
    else this.#options.log.warn({ trouble }, "the wall clock may be wrong: nothing is traded");
  }

  async #ask(host: string): Promise<HostTime | null> {
    try {
      const askedMs = this.#now().wallMs;
      const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
      const answer = await this.#fetch(host, { method: "HEAD", redirect: "manual", cache: "no-store", signal });
      const answeredMs = this.#now().wallMs;
      const dateMs = Date.parse(answer.headers.get("date") ?? "");
      return Number.isNaN(dateMs) ? null : { host, dateMs, askedMs, answeredMs };
    } catch {
      return null;
    }
  }
}
