import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Position, VoterRecord } from "./core/messages.ts";
import { spawnChild } from "./io/child.ts";
import type { Child } from "./io/child.ts";
import type { Roster } from "./io/node-files.ts";
import { fromLink } from "./link/protocol.ts";
import type { Fence, FromLink, ToLink } from "./link/protocol.ts";

type PeerState = Extract<FromLink, { kind: "peer" }>;
type JoinRequest = Extract<FromLink, { kind: "join-request" }>;
type Target = Extract<ToLink, { kind: "send" }>;

type LinkEvents = {
  readonly received: (position: Position) => void;
  readonly peer: (state: PeerState) => void;
  readonly joinRequest: (request: JoinRequest) => void;
  readonly joined: (roster: Roster) => void;
  /** The connector listens here; it changes when the link was started again. */
  readonly connector: (port: number) => void;
};

type LinkOptions = {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly runDir: string;
  readonly log: Logger;
  readonly events: LinkEvents;
};

const main = fileURLToPath(new URL("./link/main.ts", import.meta.url));
const restartAfterMs = 200;
const fenceLimitMs = 5_000;

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

  start(): void {
    if (this.#stopped) return;
    const { dataDir, env, runDir, log, events } = this.#options;
    const args = [...process.execArgv, main, "--data", dataDir];
    // It must not serve one request under the fence of before.
    if (this.#fence !== null) args.push("--fence", `${this.#fence.epoch}:${this.#fence.holder}`);
    const child = spawnChild({
      name: "link",
      command: process.execPath,
      args,
      env,
      ipc: true,
      runDir,
      log,
    });
    this.#child = child;
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
      events.peer({
        kind: "peer",
        receiving: false,
        diskId: null,
        epoch: null,
        txid: null,
        reason: "the link process ended",
      });
      if (!this.#stopped) setTimeout(() => this.start(), restartAfterMs);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    this.#child = null;
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
      const timer = setTimeout(() => settle(false), fenceLimitMs);
      this.#fenceWaits.push(hear);
    });
  }

  #hear(message: FromLink): void {
    const { events } = this.#options;
    switch (message.kind) {
      case "ready":
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
      case "joined":
        return events.joined(message.roster);
    }
  }
}
