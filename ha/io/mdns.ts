import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { z } from "zod";
import type { Advert } from "./mdns-records.ts";
import { hostSchema, nameSchema, portSchema } from "./node-files.ts";

export type MdnsWorkerData = {
  readonly advert: Advert;
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
const hintTxt = z.object({
  cluster: nameSchema,
  node: nameSchema,
  role: z.enum(["primary", "standby", "starting", "stepping-down", "witness"]),
  epoch: z.coerce.number().int().nonnegative(),
});

/** Somebody says that a member is there. Not authenticated: a reason to ask, never an answer. */
export type MdnsHint = {
  readonly node: string;
  readonly role: string;
  readonly epoch: number;
  /** Where the announcement came from, and the agent's port in it. */
  readonly host: string;
  readonly port: number;
};

export type MdnsOptions = {
  readonly node: string;
  readonly cluster: string;
  /** The agent's port. */
  readonly port: number;
  readonly role: string;
  readonly epoch: number;
  readonly ver: string;
  /** Addresses to speak on; absent: all real interfaces, as they come and go. */
  readonly interfaces?: readonly string[];
  readonly onHint: (hint: MdnsHint) => void;
  readonly logger?: Logger;
  /** For tests. */
  readonly worker?: URL;
  readonly restartMs?: { readonly first: number; readonly longest: number };
};

const STOP_LIMIT_MS = 1_500;
const HINTS_MAX = 64;
const WORKER_HEAP_MB = 32;
const API_VERSION = "1";

/**
 * Advertises this node as `_arduino-trader._tcp` and reports others of its cluster. Everything happens in a worker
 * thread; when that dies it is started again, later each time, and nothing else takes notice.
 */
export class Mdns {
  readonly #options: MdnsOptions;
  readonly #known = new Map<string, string>();
  #advert: Advert;
  #worker: Worker | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs: number;
  #running = false;

  constructor(options: MdnsOptions) {
    const { node, cluster, role, epoch, ver } = options;
    this.#options = options;
    this.#advert = { cluster, node, role, epoch, api: API_VERSION, ver };
    this.#retryMs = options.restartMs?.first ?? 1_000;
  }

  /** Starts, in the background; it never fails: the pair works without mDNS. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#start();
  }

  /** What this node is from now on; announced at once. */
  advertise({ role, epoch }: { role: string; epoch: number }): void {
    if (this.#advert.role === role && this.#advert.epoch === epoch) return;
    this.#advert = { ...this.#advert, role, epoch };
    this.#post({ kind: "advertise", advert: this.#advert });
  }

  /** Withdraws the advertisement (goodbye) and ends the thread, within 1.5 seconds. */
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
      this.#post({ kind: "stop" });
    });
    await worker.terminate();
  }

  #start(): void {
    const { port, interfaces } = this.#options;
    const data: MdnsWorkerData = { advert: this.#advert, port, interfaces: interfaces ?? null };
    const worker = new Worker(this.#options.worker ?? new URL("./mdns-worker.ts", import.meta.url), {
      workerData: data,
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
    const { host, port } = message.data;
    const txt = hintTxt.safeParse(message.data.txt);
    if (!txt.success || txt.data.cluster !== this.#advert.cluster || txt.data.node === this.#advert.node) return;
    const { node, role, epoch } = txt.data;
    if (this.#isNews(`${node} ${host} ${port}`, `${role} ${epoch}`)) {
      this.#options.onHint({ node, role, epoch, host, port });
    }
  }

  #isNews(who: string, what: string): boolean {
    if (this.#known.get(who) === what) return false;
    if (this.#known.size >= HINTS_MAX) this.#known.clear();
    this.#known.set(who, what);
    return true;
  }

  #post(message: ToMdnsWorker): void {
    this.#worker?.postMessage(message);
  }
}
