import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { z } from "zod";
import type { Advert } from "./mdns-records.ts";
import { type MdnsShared, createMdnsShared, turnsOf } from "./mdns-shared.ts";
import { hostSchema, portSchema } from "./node-files.ts";

export type MdnsWorkerData = {
  /** null: only looks round. */
  readonly advert: Advert | null;
  readonly clusterId: string;
  readonly port: number;
  /** Addresses of the interfaces to use instead of all real ones. */
  readonly interfaces: readonly string[] | null;
  readonly shared: MdnsShared;
};
export type ToMdnsWorker =
  | { readonly kind: "advertise"; readonly advert: Advert }
  /** The lease, which ends when the shared memory says, is new. */
  | { readonly kind: "lease" }
  | { readonly kind: "stop" };
/** Somebody's announcement: nothing of it is checked but its shape. */
export type Sighting = {
  /** The instance's name, and its TXT record's fields. */
  readonly name: string;
  readonly txt: unknown;
  /** Where it came from, and the port in it. */
  readonly host: string;
  readonly port: number;
};
export type FromMdnsWorker =
  | ({ readonly kind: "sighting" } & Sighting)
  | { readonly kind: "claim"; readonly name: string; readonly address: string }
  | { readonly kind: "problem"; readonly text: string }
  | { readonly kind: "stopped" };

const dnsName = z.string().max(255);
const fromWorker: z.ZodType<FromMdnsWorker> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("sighting"), name: dnsName, txt: z.unknown(), host: hostSchema, port: portSchema }),
  z.object({ kind: z.literal("claim"), name: dnsName, address: z.ipv4() }),
  z.object({ kind: z.literal("problem"), text: z.string().max(1_000) }),
  z.object({ kind: z.literal("stopped") }),
]);

/** For tests: how soon a dead worker is started again, and how often it is looked at. */
export type MdnsPace = { readonly restartFirstMs: number; readonly restartLongestMs: number; readonly lookMs: number };

export type MdnsThreadOptions = {
  /** What each new worker is given. */
  readonly data: () => Omit<MdnsWorkerData, "shared">;
  readonly onSighting: (sighting: Sighting) => void;
  /** Another host answers to a name of ours. */
  readonly onClaim?: (name: string, address: string) => void;
  readonly logger?: Logger | undefined;
  /** For tests. */
  readonly worker?: URL | undefined;
  readonly pace?: MdnsPace | undefined;
};

const STOP_LIMIT_MS = 1_500;
const WORKER_HEAP_MB = 32;
const DEFAULT_PACE: MdnsPace = { restartFirstMs: 1_000, restartLongestMs: 60_000, lookMs: 1_000 };
/** Looks without a turn of the worker, which makes one a second, until it is taken for blocked. */
const BLOCKED_AFTER_LOOKS = 15;
/** Looks at which it turned, until an earlier death is forgotten. */
const WELL_AFTER_LOOKS = 60;

/**
 * The worker thread that speaks mDNS; when it dies or blocks it is started again, later each time, and nothing else
 * takes notice.
 */
export class MdnsThread {
  readonly shared: MdnsShared = createMdnsShared();
  readonly #options: MdnsThreadOptions;
  readonly #pace: MdnsPace;
  #worker: Worker | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs: number;
  #look: NodeJS.Timeout | null = null;
  #turns = 0n;
  #idleLooks = 0;
  #wellLooks = 0;
  #failure: string | null = null;

  constructor(options: MdnsThreadOptions) {
    this.#options = options;
    this.#pace = options.pace ?? DEFAULT_PACE;
    this.#retryMs = this.#pace.restartFirstMs;
  }

  /** Why the worker is being started again; null while it runs. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Starts, in the background; it never fails. */
  run(): void {
    if (this.#look !== null) return;
    this.#look = setInterval(() => this.#lookAtWorker(), this.#pace.lookMs).unref();
    this.#start();
  }

  post(message: ToMdnsWorker): void {
    this.#worker?.postMessage(message);
  }

  /** Says goodbye, where there is a worker to say it, and ends, within 1.5 seconds. */
  async stop(): Promise<void> {
    if (this.#look !== null) clearInterval(this.#look);
    this.#look = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const worker = this.#worker;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STOP_LIMIT_MS);
      worker.once("exit", () => {
        clearTimeout(timer);
        resolve();
      });
      this.post({ kind: "stop" });
    });
    await worker.terminate();
  }

  #start(): void {
    const worker = new Worker(this.#options.worker ?? new URL("./mdns-worker.ts", import.meta.url), {
      workerData: { ...this.#options.data(), shared: this.shared },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    worker.unref();
    this.#worker = worker;
    this.#idleLooks = 0;
    worker.on("message", (message: unknown) => this.#hear(message));
    worker.on("error", (error) => this.#failed(error.message));
    worker.on("exit", () => this.#restart());
  }

  #failed(reason: string): void {
    this.#failure = reason;
    this.#options.logger?.warn({ reason, againInMs: this.#retryMs }, "mDNS failed; it will be started again");
  }

  #restart(): void {
    this.#worker = null;
    this.#wellLooks = 0;
    if (this.#look === null) return;
    this.#retry = setTimeout(() => this.#start(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, this.#pace.restartLongestMs);
  }

  /** Counts looks of its own, not time: whoever was frozen himself has seen nobody turn. */
  #lookAtWorker(): void {
    if (this.#worker === null) return;
    const turns = turnsOf(this.shared);
    const turned = turns !== this.#turns;
    this.#turns = turns;
    if (turned) {
      this.#idleLooks = 0;
      this.#wellLooks += 1;
      this.#failure = null;
      if (this.#wellLooks >= WELL_AFTER_LOOKS) this.#retryMs = this.#pace.restartFirstMs;
      return;
    }
    this.#idleLooks += 1;
    if (this.#idleLooks !== BLOCKED_AFTER_LOOKS) return;
    this.#failed("its thread is blocked");
    void this.#worker.terminate();
  }

  #hear(raw: unknown): void {
    const parsed = fromWorker.safeParse(raw);
    if (!parsed.success || this.#look === null) return;
    const message = parsed.data;
    switch (message.kind) {
      case "sighting":
        return this.#options.onSighting(message);
      case "claim":
        return this.#options.onClaim?.(message.name, message.address);
      case "problem":
        return this.#options.logger?.warn({ problem: message.text }, "mDNS is not well");
      case "stopped":
    }
  }
}
