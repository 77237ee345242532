import { join } from "node:path";
import { Hono } from "hono";
import pino from "pino";
import type { Logger } from "pino";
import { createClock } from "./io/clock.ts";
import { keepCompiled } from "./io/compile-cache.ts";
import { serveControl } from "./io/control.ts";
import { serviceManager } from "./io/service-manager.ts";
import { UdpSocket } from "./io/udp-socket.ts";
import { readWitnessFolders } from "./io/witness-folders.ts";
import type { WitnessFolder } from "./io/witness-folders.ts";
import { listenHost } from "./site.ts";
import { stopSignal } from "./stop-signal.ts";
import { WitnessVoter } from "./witness-voter.ts";
import { idleView } from "./witness-view.ts";
import type { WitnessView } from "./witness-view.ts";

export type WitnessOptions = {
  readonly dataDir: string;
  /** Ends with this process too; null: with nobody. */
  readonly lifelinePid: number | null;
  readonly log?: Logger;
};

/** A cluster that could not be served is tried again. */
const againAfterMs = 10_000;

/**
 * The third voter of one or several clusters, until it is told to stop; resolves with the exit code. Rejects where it
 * cannot serve a single one of them.
 */
export async function runWitness(options: WitnessOptions): Promise<number> {
  const { dataDir, lifelinePid } = options;
  const log = options.log ?? pino({ level: process.env["TRADER_LOG_LEVEL"] ?? "info" }, pino.destination(2));
  const stop = stopSignal(lifelinePid);
  const manager = serviceManager(process.env, log);
  const witness = new Witness(dataDir, log);
  const control = new Hono();
  control.get("/status", (c) => c.json(witness.view()));
  control.post("/reload", async (c) => {
    await witness.serveAll();
    return c.json(witness.view());
  });
  // The control socket is this directory's lock, as a node's is.
  const socket = await serveControl(join(dataDir, "run", "agent.sock"), control);
  try {
    await witness.start();
    manager.ready();
    keepCompiled();
    return await Promise.race([stop, witness.failed]);
  } finally {
    await witness.stop();
    await socket.close();
  }
}

/** All clusters of one data directory on one UDP port. What happens to one of them leaves the others alone. */
class Witness {
  readonly #dataDir: string;
  readonly #log: Logger;
  readonly #clock = createClock();
  readonly #voters = new Map<string, WitnessVoter>();
  readonly #troubles = new Map<string, string>();
  readonly #failure = Promise.withResolvers<number>();
  #socket: UdpSocket | null = null;
  #port = 0;
  #serving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(dataDir: string, log: Logger) {
    this.#dataDir = dataDir;
    this.#log = log;
  }

  /** Resolves with 1 when no cluster is served any more. */
  get failed(): Promise<number> {
    return this.#failure.promise;
  }

  async start(): Promise<void> {
    const folders = readWitnessFolders(this.#dataDir);
    const first = folders.find(({ config }) => config !== null)?.config ?? null;
    if (first === null) {
      const why = folders.map(({ trouble }) => trouble).join(" ");
      throw new Error(why === "" ? `${this.#dataDir}: no cluster. Join one with "trader witness --join TOKEN".` : why);
    }
    this.#port = first.ports.agent;
    // Where all are on loopback, it listens there only.
    const hosts = new Set(folders.flatMap(({ config }) => (config === null ? [] : [listenHost(config.host)])));
    const [host = "0.0.0.0"] = hosts;
    this.#socket = new UdpSocket(hosts.size === 1 ? host : hosts.has("::") ? "::" : "0.0.0.0", this.#port, this.#log);
    await this.#socket.run();
    await this.serveAll();
    const [trouble] = this.#troubles.values();
    if (this.#voters.size === 0) throw new Error(trouble ?? "no cluster could be served");
    this.#timer = setInterval(() => void this.serveAll(), againAfterMs);
  }

  view(): WitnessView {
    const clusters = readWitnessFolders(this.#dataDir).map(
      ({ cluster, config, trouble }) =>
        this.#voters.get(cluster)?.view() ??
        idleView(cluster, config?.name ?? null, trouble ?? this.#troubles.get(cluster) ?? "it starts", null),
    );
    return { kind: "witness", clusters };
  }

  /** Serves every cluster of the directory that is not served yet. */
  serveAll(): Promise<void> {
    this.#serving = this.#serving.then(async () => {
      for (const folder of readWitnessFolders(this.#dataDir)) {
        if (!this.#voters.has(folder.cluster)) await this.#serve(folder);
      }
    });
    return this.#serving;
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#serving;
    await Promise.all([...this.#voters.values()].map((voter) => voter.stop()));
    await this.#socket?.stop();
  }

  async #serve({ cluster, dir, config, trouble }: WitnessFolder): Promise<void> {
    const log = this.#log.child({ cluster });
    try {
      if (config === null) throw new Error(trouble);
      const { agent: port } = config.ports;
      if (port !== this.#port)
        throw new Error(`${dir}/node.json: port ${port}, but one witness has one port, ${this.#port}. Correct it.`);
      if (this.#socket === null) return;
      const { monotonicMs: nowMs } = this.#clock;
      const failed = (error: unknown): void => this.#lose(cluster, error);
      const voter = await WitnessVoter.start({ dir, config, socket: this.#socket, nowMs, failed, log });
      this.#voters.set(cluster, voter);
      this.#troubles.delete(cluster);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (this.#troubles.get(cluster) !== text) log.error({ err: error }, "this cluster cannot be served");
      this.#troubles.set(cluster, text);
    }
  }

  #lose(cluster: string, error: unknown): void {
    const voter = this.#voters.get(cluster);
    this.#voters.delete(cluster);
    this.#troubles.set(cluster, error instanceof Error ? error.message : String(error));
    void voter?.stop();
    if (this.#voters.size === 0) this.#failure.resolve(1);
  }
}
