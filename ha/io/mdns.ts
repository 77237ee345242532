import type { Logger } from "pino";
import { z } from "zod";
import type { Advert } from "./mdns-records.ts";
import { MdnsThread } from "./mdns-thread.ts";
import { nameSchema, portSchema } from "./node-files.ts";

const hintTxt = z.object({
  cluster: nameSchema,
  node: nameSchema,
  role: z.enum(["primary", "standby", "starting", "stepping-down", "witness"]),
  epoch: z.coerce.number().int().nonnegative(),
  app: z.coerce.number().pipe(portSchema).optional().catch(undefined),
});

/** Somebody says that a member is there. Not authenticated: a reason to ask, never an answer. */
export type MdnsHint = {
  readonly cluster: string;
  readonly node: string;
  readonly role: string;
  readonly epoch: number;
  /** Where the announcement came from, and the agent's port in it. */
  readonly host: string;
  readonly port: number;
  /** The page's port; null on a witness. */
  readonly appPort: number | null;
};

export type MdnsOptions = {
  readonly node: string;
  readonly cluster: string;
  /** The agent's port. */
  readonly port: number;
  /** The page's port; a witness has none. */
  readonly appPort?: number;
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

const HINTS_MAX = 64;
const API_VERSION = "1";

/** Advertises this node as `_arduino-trader._tcp` and reports others of its cluster; the work is a worker thread's. */
export class Mdns {
  readonly #options: MdnsOptions;
  readonly #known = new Map<string, string>();
  readonly #thread: MdnsThread;
  #advert: Advert;

  constructor(options: MdnsOptions) {
    const { node, cluster, role, epoch, ver, appPort, port, interfaces, logger, worker, restartMs } = options;
    this.#options = options;
    this.#advert = { cluster, node, role, epoch, api: API_VERSION, ver, app: appPort ?? null };
    this.#thread = new MdnsThread({
      data: () => ({ advert: this.#advert, port, interfaces: interfaces ?? null }),
      onSighting: (txt, host, hintPort) => this.#sight(txt, host, hintPort),
      logger,
      worker,
      restartMs,
    });
  }

  /** Starts, in the background; it never fails: the pair works without mDNS. */
  run(): void {
    this.#thread.run();
  }

  /** What this node is from now on; announced at once. */
  advertise({ role, epoch }: { role: string; epoch: number }): void {
    if (this.#advert.role === role && this.#advert.epoch === epoch) return;
    this.#advert = { ...this.#advert, role, epoch };
    this.#thread.post({ kind: "advertise", advert: this.#advert });
  }

  /** Says goodbye, so that browsers forget this node at once. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  #sight(raw: unknown, host: string, port: number): void {
    const hint = hintOf(raw, host, port);
    if (hint === null || hint.cluster !== this.#advert.cluster || hint.node === this.#advert.node) return;
    if (this.#isNews(`${hint.node} ${host} ${port}`, `${hint.role} ${hint.epoch}`)) this.#options.onHint(hint);
  }

  #isNews(who: string, what: string): boolean {
    if (this.#known.get(who) === what) return false;
    if (this.#known.size >= HINTS_MAX) this.#known.clear();
    this.#known.set(who, what);
    return true;
  }
}

/** What an announcement says; null where it is none of ours. */
export function hintOf(txt: unknown, host: string, port: number): MdnsHint | null {
  const parsed = hintTxt.safeParse(txt);
  if (!parsed.success) return null;
  const { app, ...said } = parsed.data;
  return { ...said, host, port, appPort: app ?? null };
}
