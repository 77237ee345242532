import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { z } from "zod";
import type { Advert } from "./mdns-records.ts";
import { hostSchema, portSchema } from "./node-files.ts";

export type MdnsWorkerData = {
  /** null: only looks round. */
  readonly advert: Advert | null;
  readonly port: number;
  /** Addresses to use instead of all real interfaces'. */
  readonly interfaces: readonly string[] | null;
};
export type ToMdnsWorker = { readonly kind: "advertise"; readonly advert: Advert } | { readonly kind: "stop" };
export type FromMdnsWorker =
  | { readonly kind: "sighting"; readonly txt: unknown; readonly host: string; readonly port: number }
  | { readonly kind: "problem"; readonly text: string }
  | { readonly kind: "stopped" };

const fromWorker: z.ZodType<FromMdnsWorker> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("sighting"), txt: z.unknown(), host: hostSchema, port: portSchema }),
  z.object({ kind: z.literal("problem"), text: z.string().max(1_000) }),
  z.object({ kind: z.literal("stopped") }),
]);

export type MdnsThreadOptions = {
  /** What each new worker is given. */
  readonly data: () => MdnsWorkerData;
  readonly onSighting: (txt: unknown, host: string, port: number) => void;
  readonly logger?: Logger | undefined;
  /** For tests. */
  readonly worker?: URL | undefined;
  readonly restartMs?: { readonly first: number; readonly longest: number } | undefined;
};

const STOP_LIMIT_MS = 1_500;
const WORKER_HEAP_MB = 32;

/** The worker thread that speaks mDNS; when it dies it is started again, later each time, and nothing else takes notice. */
export class MdnsThread {
  readonly #options: MdnsThreadOptions;
  #worker: Worker | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs: number;
  #running = false;

  constructor(options: MdnsThreadOptions) {
    this.#options = options;
    this.#retryMs = options.restartMs?.first ?? 1_000;
  }

  /** Starts, in the background; it never fails. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#start();
  }

  post(message: ToMdnsWorker): void {
    this.#worker?.postMessage(message);
  }

  /** Says goodbye, where there is a worker to say it, and ends. */
  async stop(): Promise<void> {
    this.#running = false;
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
      workerData: this.#options.data(),
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    worker.unref();
    this.#worker = worker;
    worker.on("message", (message: unknown) => this.#hear(message));
    worker.on("error", (error) => this.#options.logger?.warn({ err: error }, "mDNS failed; it will be started again"));
    worker.on("exit", () => this.#restart());
  }

  #restart(): void {
    this.#worker = null;
    if (!this.#running) return;
    this.#retry = setTimeout(() => this.#start(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, this.#options.restartMs?.longest ?? 60_000);
  }

  #hear(raw: unknown): void {
    const message = fromWorker.safeParse(raw);
    if (!message.success) return;
    if (message.data.kind === "problem") this.#options.logger?.warn({ problem: message.data.text }, "mDNS is not well");
    if (message.data.kind !== "sighting" || !this.#running) return;
    const { txt, host, port } = message.data;
    this.#options.onSighting(txt, host, port);
  }
}
