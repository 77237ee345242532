import type { Logger } from "pino";
import { z } from "zod";
import { type Advert, aliasOf, mdnsLabel } from "./mdns-records.ts";
import { bootMs, leaseStands, setLeaseEnd } from "./mdns-shared.ts";
import { type MdnsPace, MdnsThread, type Sighting } from "./mdns-thread.ts";
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
  /** Tells clusters of one name apart, hexadecimal; part of the names that are announced. */
  readonly clusterId: string;
  /** The agent's port. */
  readonly port: number;
  /** The page's port; a witness has none. */
  readonly appPort?: number;
  readonly role: string;
  readonly epoch: number;
  readonly ver: string;
  /** Addresses of the interfaces to speak on; absent: all real interfaces, as they come and go. */
  readonly interfaces?: readonly string[];
  readonly nowMs: () => number;
  readonly onHint: (hint: MdnsHint) => void;
  readonly logger?: Logger;
  /** For tests. */
  readonly worker?: URL;
  readonly pace?: MdnsPace;
};

const API_VERSION = "1";
const CLAIM_SHOWN_FOR_MS = 60_000;

/**
 * Advertises this node as `_arduino-trader._tcp`, answers to the cluster's alias while the lease stands, and reports
 * others of its cluster; the work is a worker thread's.
 */
export class Mdns {
  readonly #options: MdnsOptions;
  readonly #thread: MdnsThread;
  /** When another host's claim to a name of ours was heard last, and what is said of it. */
  readonly #claims = new Map<string, { readonly text: string; readonly heardMs: number }>();
  #advert: Advert;

  constructor(options: MdnsOptions) {
    const { node, cluster, clusterId, role, epoch, ver, appPort, port, interfaces, logger, worker, pace } = options;
    this.#options = options;
    this.#advert = { cluster, node, role, epoch, api: API_VERSION, ver, app: appPort ?? null };
    this.#thread = new MdnsThread({
      data: () => ({ advert: this.#advert, clusterId, port, interfaces: interfaces ?? null }),
      onSighting: (sighting) => this.#sight(sighting),
      onClaim: (name, address) => this.#claimed(name, address),
      logger,
      worker,
      pace,
    });
  }

  /** Starts, in the background; it never fails: the pair works without mDNS. */
  run(): void {
    this.#thread.run();
  }

  /** What this node is from now on; announced at once. Whoever is no primary has no lease. */
  advertise({ role, epoch }: { role: string; epoch: number }): void {
    if (role !== "primary") setLeaseEnd(this.#thread.shared, 0);
    if (this.#advert.role === role && this.#advert.epoch === epoch) return;
    this.#advert = { ...this.#advert, role, epoch };
    this.#thread.post({ kind: "advertise", advert: this.#advert });
  }

  /**
   * The lease stands until this instant of the clock that was given: until then this node answers to the alias. The
   * thread that answers reads the end itself, so one that was frozen meanwhile knows that it is over.
   */
  lease(validUntilMs: number): void {
    // In this order: time that passes between the two shortens the promise.
    const bootNowMs = bootMs();
    const leftMs = validUntilMs - this.#options.nowMs();
    if (bootNowMs === null) return;
    const stood = leaseStands(this.#thread.shared, bootNowMs);
    setLeaseEnd(this.#thread.shared, bootNowMs + leftMs);
    if (!stood) this.#thread.post({ kind: "lease" });
  }

  /** What is wrong, one sentence each. */
  get troubles(): readonly string[] {
    const claims = [...this.#claims.values()].filter(({ heardMs }) => this.#isRecent(heardMs)).map(({ text }) => text);
    const { failure } = this.#thread;
    if (failure === null) return claims;
    return [`mDNS failed (${failure}) and is started again; members are reached where they are known.`, ...claims];
  }

  /** Says goodbye, so that browsers forget this node at once. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  #sight({ name, txt, host, port }: Sighting): void {
    const hint = hintOf(txt, host, port);
    if (hint === null || hint.cluster !== this.#advert.cluster || hint.node === this.#advert.node) return;
    // Another cluster of this name has another id in its names.
    if (name === mdnsLabel({ ...hint, clusterId: this.#options.clusterId })) this.#options.onHint(hint);
  }

  /** Said in the log once, however many packets claim it, and shown until it has not been heard for a minute. */
  #claimed(name: string, address: string): void {
    const { cluster } = this.#advert;
    const known = this.#claims.get(name);
    if (known === undefined || !this.#isRecent(known.heardMs)) {
      this.#options.logger?.warn({ name, address }, "mDNS: a name of ours is claimed by another host");
    }
    const whose = name === aliasOf(cluster) ? "the name of this cluster's primary" : "this node's name";
    const text = `${name}, ${whose}, is claimed by ${address} too: another cluster or machine on this network has that name. Rename it; until then use addresses.`;
    this.#claims.set(name, { text, heardMs: this.#options.nowMs() });
  }

  #isRecent(heardMs: number): boolean {
    return this.#options.nowMs() - heardMs < CLAIM_SHOWN_FOR_MS;
  }
}

/** What an announcement says; null where it is none of ours. */
export function hintOf(txt: unknown, host: string, port: number): MdnsHint | null {
  const parsed = hintTxt.safeParse(txt);
  if (!parsed.success) return null;
  const { app, ...said } = parsed.data;
  return { ...said, host, port, appPort: app ?? null };
}
