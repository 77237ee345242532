import type { Logger } from "pino";
import { join } from "node:path";
import { boundedNotes, type PairView, type ToApp } from "../ha/contract.ts";
import { actGuard } from "./act-guard.ts";
import type { RaisableGuard } from "./act-guard.ts";
import type { AgentChannel } from "./agent-channel.ts";
import type { AppClock } from "./app-ports.ts";
import { openLedger } from "./db/ledger.ts";
import { marketDefaults } from "./db/universe.ts";
import { openMarketCache, type MarketCache } from "./db/market-cache.ts";
import { Deadline } from "./deadline.ts";
import { ActivityBoard } from "./led/activity.ts";
import type { LedDisplay } from "./led/display.ts";
import { copyMarket } from "./market-copy/copier.ts";
import { sealKey } from "./market-copy/seal.ts";
import { MarketWarmer } from "./market-warmer.ts";
import type { MarketSource } from "./market/source.ts";
import { listingOf } from "./market/listing.ts";
import { createYahoo } from "./market/yahoo.ts";
import type { NotifierOptions } from "./notify/notifier.ts";
import { Outputs } from "./outputs.ts";
import { Primary } from "./primary.ts";
import { primaryWork } from "./primary-work.ts";
import type { Broker } from "./trading/broker.ts";
import { refused } from "./trading/command-outcome.ts";
import type { Desk } from "./web/desk.ts";
import { synchronised } from "./right-time/synchronised.ts";
import { TimeWatch } from "./right-time/time-watch.ts";
import type { MarketShare } from "./web/market-routes.ts";
import { webRoutes } from "./web/routes.ts";
import { serveWeb } from "./web/server.ts";
import { readWebSecrets, type WebSecrets } from "./web/web-secrets.ts";

export type AppOptions = {
  readonly node: string;
  readonly cluster: string;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly clock: AppClock;
  readonly market: "embedded" | "yahoo";
  /** Addresses by whose answers the wall clock is checked on the real market. */
  readonly timeHosts: readonly string[];
  /** Base64; null where the data directory has none, so that the standby cannot copy from the primary. */
  readonly clusterSecret: string | null;
  readonly broker: Broker | "paper";
  readonly notify: NotifierOptions["settings"];
  readonly channel: AgentChannel;
  /** Tells the agent that this app cannot go on, and ends the process. */
  readonly fail: (error: unknown) => void;
  readonly log: Logger;
};

const notesEveryMs = 1_000;
/** The first callers of a new primary are answered before the missed slots take the processor. */
const scheduleAfterMs = 200;

/**
 * One node's trader: warm as a standby from its start, primary from the agent's `promote` until it is killed.
 * Nothing here ends a primary: the deadline, the agent or the end of the agent does.
 */
export class App implements Desk {
  readonly node: string;
  readonly #options: AppOptions;
  readonly #deadline = new Deadline();
  readonly #board = new ActivityBoard();
  readonly #cache: MarketCache;
  readonly #market: MarketSource;
  readonly #warmer: MarketWarmer;
  /** Seals what members copy from each other. */
  readonly #key: Buffer | null;
  /** null on a recorded market, whose days are not the calendar's. */
  readonly #time: TimeWatch | null;
  readonly #outputs: Outputs;
  #notes: readonly string[] = [];
  #pair: PairView | null = null;
  #primary: Primary | null = null;
  #guard: RaisableGuard | null = null;
  /** The newest drain; only that one is answered. */
  #drainN = 0;
  #drainWanted = false;

  constructor(options: AppOptions) {
    this.#options = options;
    this.node = options.node;
    this.#cache = openMarketCache(join(options.dataDir, "market.db"));
    this.#market = createYahoo({ source: options.market, clock: options.clock, log: options.log });
    const { universe, base } = marketDefaults[options.market];
    const { clusterSecret } = options;
    this.#key = clusterSecret === null ? null : sealKey(clusterSecret);
    this.#warmer = new MarketWarmer({
      deps: { source: this.#market, cache: this.#cache, clock: options.clock, base },
      listings: universe.map(listingOf),
      primaryApp: () => this.#primaryApp(),
      copy: options.market === "yahoo" && this.#key !== null ? this.#copier(this.#key) : null,
      log: options.log,
    });
    const { timeHosts: hosts } = options;
    this.#time = options.market === "yahoo" ? new TimeWatch({ hosts, synchronised, log: options.log }) : null;
    this.#outputs = new Outputs({
      ...options,
      board: this.#board,
      pair: () => this.#pair,
      primary: () => this.#primary,
    });
  }

  #primaryApp(): { readonly address: string } | null | "unknown" {
    if (this.#pair === null) return "unknown";
    return this.#pair.primaryApp === null ? null : { address: this.#pair.primaryApp };
  }

  #copier(key: Buffer): (primaryApp: string, signal: AbortSignal) => Promise<string> {
    return (primaryApp, signal) => copyMarket({ cache: this.#cache, node: this.node, key }, primaryApp, signal);
  }

  marketShare(): MarketShare | null {
    return this.#key === null || this.#primary === null ? null : { cache: this.#cache, key: this.#key };
  }

  /** Resolves when everything is loaded, HTTP answers and the agent was told. */
  async start(): Promise<void> {
    const { channel, host, port } = this.#options;
    await this.#deadline.watch();
    channel.run({
      onMessage: (message) => this.#hear(message),
      // An app without an agent has no lease to know of, whatever it was doing.
      onGone: () => process.kill(process.pid, "SIGKILL"),
    });
    rehearse();
    const listening = await serveWeb(webRoutes(this), host, port);
    channel.send({ kind: "ready", port: listening.port });
    void this.#warmer.run();
    void this.#time?.run();
    this.#outputs.run();
    process.once("SIGTERM", () => {
      this.#outputs.stop();
      process.kill(process.pid, "SIGTERM");
    });
  }

  pair(): PairView | null {
    return this.#pair;
  }

  open(): Primary | null {
    return this.#primary;
  }

  appNowMs(): number {
    return this.#options.clock.nowMs();
  }

  realNowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  secrets(): WebSecrets {
    return readWebSecrets(this.#options.dataDir);
  }

  led(amounts: boolean): LedDisplay {
    return this.#outputs.led(amounts);
  }

  #hear(message: Exclude<ToApp, { kind: "confirmed" }>): void {
    switch (message.kind) {
      case "view":
        return this.#see(message.view);
      case "promote":
        this.#promote(message.epoch, message.ledger, BigInt(message.validUntilNs));
        return;
      case "lease":
        return this.#renew(message.epoch, BigInt(message.validUntilNs));
      case "drain":
        this.#drainWanted = true;
        void this.#drain(++this.#drainN);
        return;
      case "ask":
        void this.#answer(message.n, message.request);
        return;
      case "resume":
        this.#drainWanted = false;
        this.#primary?.resume();
        return;
    }
  }

  async #answer(n: number, request: unknown): Promise<void> {
    const { channel, log } = this.#options;
    try {
      const answer = (await this.#primary?.command(request)) ?? refused("no ledger is open here");
      channel.send({ kind: "answer", n, answer });
    } catch (error) {
      log.warn({ err: error }, "a command failed");
      channel.send({ kind: "answer", n, answer: refused(error instanceof Error ? error.message : String(error)) });
    }
    this.#tellNotes();
  }

  /** Tells the agent what there is to know of the trading, when that has changed. */
  #tellNotes(): void {
    const notes = boundedNotes(this.#primary?.notes() ?? []);
    if (JSON.stringify(notes) === JSON.stringify(this.#notes)) return;
    this.#notes = notes;
    this.#options.channel.send({ kind: "notes", notes });
  }

  #see(view: PairView): void {
    this.#pair = view;
    this.#outputs.see(view);
  }

  /** Maybe under a higher epoch: an agent that lost the lease in between would have ended this app. */
  #renew(epoch: number, validUntilNs: bigint): void {
    if (this.#primary === null || epoch < this.#primary.epoch) return;
    this.#guard?.raise(epoch);
    this.#deadline.extendTo(validUntilNs);
  }

  #promote(epoch: number, ledgerPath: string, validUntilNs: bigint): void {
    const { node, cluster, clock, market, broker, channel, fail, log } = this.#options;
    if (this.#primary) return fail(new Error(`promoted to epoch ${epoch} while epoch ${this.#primary.epoch} is open`));
    this.#deadline.extendTo(validUntilNs);
    this.#warmer.stop();
    const guard = actGuard(epoch, this.#deadline);
    this.#guard = guard;
    try {
      this.#primary = new Primary({
        node,
        ledgerPath,
        beginning: marketDefaults[market],
        base: marketDefaults[market].base,
        clock,
        guard,
        confirm: channel.confirm,
        cache: this.#cache,
        work: (ledger, guard, confirm, write) =>
          primaryWork({
            node,
            cluster,
            clock,
            guard,
            confirm,
            broker,
            pair: () => this.#pair,
            write,
            ledger,
            cache: this.#cache,
            market: this.#market,
            hours: market === "yahoo" ? "exchange" : "replay",
            base: marketDefaults[market].base,
            timeTrouble: () => this.#time?.trouble() ?? null,
            board: this.#board,
            log,
          }),
        log,
      });
    } catch (error) {
      return fail(error);
    }
    const primary = this.#primary;
    channel.send({ kind: "opened", epoch });
    this.#outputs.promoted();
    log.info({ epoch }, "the ledger is open");
    setTimeout(() => void primary.run().catch(fail), scheduleAfterMs);
    setInterval(() => this.#tellNotes(), notesEveryMs).unref();
  }

  async #drain(n: number): Promise<void> {
    try {
      await this.#primary?.drain();
      if (!this.#drainWanted) this.#primary?.resume();
      else if (n === this.#drainN) this.#options.channel.send({ kind: "drained" });
    } catch (error) {
      this.#options.fail(error);
    }
  }
}

/** Opens and migrates a ledger in memory once, so that a promotion runs code that is loaded and warm. */
function rehearse(): void {
  openLedger(":memory:", 0).close();
}
