import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Position, VoterRecord } from "./core/messages.ts";
import { spawnChild } from "./io/child.ts";
import type { Child } from "./io/child.ts";
import type { Roster } from "./io/node-files.ts";
import { fromLink } from "./link/protocol.ts";
import type { Fence, FromLink, ToLink } from "./link/protocol.ts";
import { SilenceWatch } from "./silence.ts";

type PeerState = Extract<FromLink, { kind: "peer" }>;
type JoinRequest = Extract<FromLink, { kind: "join-request" }>;
type AskedQuestion = Extract<FromLink, { kind: "question" }>;
type Target = Extract<ToLink, { kind: "send" }>;

type LinkEvents = {
  readonly received: (position: Position) => void;
  readonly peer: (state: PeerState) => void;
  readonly joinRequest: (request: JoinRequest) => void;
  readonly question: (question: AskedQuestion) => void;
  readonly roster: (roster: Roster) => void;
  /** The connector listens here; it changes when the link was started again. */
  readonly connector: (port: number) => void;
};

type LinkOptions = {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly runDir: string;
  readonly log: Logger;
  readonly leaseMs: number;
  readonly events: LinkEvents;
};

const main = fileURLToPath(new URL("./link/main.ts", import.meta.url));
const restartAfterMs = [200, 500, 1_000, 2_000, 5_000] as const;
const healthyAfterMs = 10_000;
const fenceLimitMsMin = 2_000;
const fenceLimitMsMax = 5_000;
/** It beats twice a second. Generous, for a disk that takes five seconds to sync is slow and not dead. */
const silentLimitMsMin = 6_000;
const silentLeases = 3;

/** The link process, started again whenever it ends, and told again what it must know. */
export class LinkChild {
  readonly #options: LinkOptions;
  #child: Child | null = null;
  #connectorPort: number | null = null;
  #target: Target | null = null;
  #fence: Fence | null = null;
  #newest: Position | null = null;
  #fenceWaits: ((fenced: Extract<FromLink, { kind: "fenced" }>) => void)[] = [];
  #stopped = false;
  #held = false;
  #restarts = 0;
  #silence: SilenceWatch | null = null;
  #trouble: string | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get connectorPort(): number | null {
    return this.#connectorPort;
  }

  /** Newest transaction on this disk that the receiver made durable. */
  get newest(): Position | null {
    return this.#newest;
  }

  /** Why there is none, or how the one before ended; null since one has been ready. */
  get trouble(): string | null {
    return this.#trouble;
  }

  start(): void {
    if (this.#stopped || this.#held || this.#child !== null) return;
    const { log, events } = this.#options;
    const startedMs = performance.now();
    const child = this.#spawn();
    if (child === null) return this.#startLater();
    this.#child = child;
    this.#expectLife(child);
    child.onMessage((raw) => {
      const parsed = fromLink.safeParse(raw);
      if (!parsed.success)
        log.warn({ issues: parsed.error.issues.slice(0, 3) }, "the link sent a message that is not in its protocol");
      else if (this.#child === child) this.#hear(parsed.data);
    });
    void child.exited.then(() => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#connectorPort = null;
      this.#silence?.stop();
      this.#trouble ??= "the link ended; it is started again";
      if (performance.now() - startedMs > healthyAfterMs) this.#restarts = 0;
      events.peer({
        kind: "peer",
        receiving: false,
        diskId: null,
        epoch: null,
        txid: null,
        gap: false,
        reason: "the link process ended",
      });
      this.#startLater();
    });
  }

  /** Null when it could not be started, for want of disk space for instance. */
  #spawn(): Child | null {
    const { dataDir, env, runDir, log } = this.#options;
    const args = [...process.execArgv, main, "--data", dataDir];
    // It must not serve one request under the fence of before.
    if (this.#fence !== null) args.push("--fence", `${this.#fence.epoch}:${this.#fence.holder}`);
    try {
      return spawnChild({ name: "link", command: process.execPath, args, env, ipc: true, runDir, log });
    } catch (error) {
      log.error({ err: error }, "the link cannot be started");
      this.#trouble = `the link cannot be started: ${error instanceof Error ? error.message : "unknown"}`;
      return null;
    }
  }

  #startLater(): void {
    if (this.#stopped) return;
    const delayMs = restartAfterMs[Math.min(this.#restarts, restartAfterMs.length - 1)];
    this.#restarts += 1;
    setTimeout(() => this.start(), delayMs);
  }

  /** Alive is not enough: one whose loop stands still carries nothing. */
  #expectLife(child: Child): void {
    const { log, leaseMs } = this.#options;
    const limitMs = Math.max(silentLimitMsMin, silentLeases * leaseMs);
    this.#silence = new SilenceWatch(
      () => limitMs,
      (silentMs) => {
        log.error({ silentMs }, "the link's loop does not turn; killing it");
        this.#trouble = `the link said nothing for ${silentMs} ms; it is started again`;
        child.kill().catch((error: unknown) => log.error({ err: error }, "the link could not be killed"));
      },
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#end();
  }

  /** Nothing is received until `resume`, whatever is on this disk then. */
  async hold(): Promise<void> {
    this.#held = true;
    this.#trouble = "the link is stopped while the copy of the ledger is replaced";
    await this.#end();
    this.#newest = null;
  }

  resume(): void {
    this.#held = false;
    this.start();
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#connectorPort = null;
    this.#silence?.stop();
    await child?.kill();
  }

  send(message: ToLink): void {
    if (message.kind === "send") this.#target = message;
    if (message.kind === "send-stop") this.#target = null;
    this.#child?.send(message);
  }

  /**
   * [HA-5] Resolves when no older epoch can add a byte to this disk any more: the receiver has promised, or it is
   * not running and will be started with this fence. Rejects when it neither answers nor dies.
   */
  async fence(record: VoterRecord): Promise<void> {
    const { epoch, holder } = record;
    if (holder === null || (this.#fence?.epoch === epoch && this.#fence.holder === holder)) return;
    this.#fence = { epoch, holder };
    const child = this.#child;
    if (child === null) return;
    const fenced = this.#awaitFence(epoch);
    child.send({ kind: "fence", epoch, holder } satisfies ToLink);
    if (await Promise.race([fenced, child.exited.then(() => true)])) return;
    await child.kill();
  }

  #awaitFence(epoch: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (fenced: boolean): void => {
        clearTimeout(timer);
        this.#fenceWaits = this.#fenceWaits.filter((wait) => wait !== hear);
        resolve(fenced);
      };
      const hear = (message: Extract<FromLink, { kind: "fenced" }>): void => {
        if (message.epoch >= epoch) settle(message.refused === undefined);
      };
      // The lease waits for this: a link that does not answer is replaced by one that starts with the fence.
      const limitMs = Math.min(fenceLimitMsMax, Math.max(fenceLimitMsMin, this.#options.leaseMs));
      const timer = setTimeout(() => settle(false), limitMs);
      this.#fenceWaits.push(hear);
    });
  }

  #hear(message: FromLink): void {
    const { events } = this.#options;
    this.#silence?.heard();
    switch (message.kind) {
      case "alive":
        return;
      case "ready":
        this.#trouble = null;
        this.#connectorPort = message.connectorPort;
        if (this.#target !== null) this.send(this.#target);
        return events.connector(message.connectorPort);
      case "fenced":
        if (message.newest !== null) this.#newest = message.newest;
        for (const wait of this.#fenceWaits) wait(message);
        return;
      case "received":
        this.#newest = { epoch: message.epoch, txid: message.txid };
        return events.received(this.#newest);
      case "peer":
        return events.peer(message);
      case "join-request":
        return events.joinRequest(message);
      case "question":
        return events.question(message);
      case "roster":
        return events.roster(message.roster);
    }
  }
}
