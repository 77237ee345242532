import type { Logger } from "pino";
import { presets } from "../core/timing.ts";
import { readNodeConfig, readRoster } from "../io/node-files.ts";
import type { Roster } from "../io/node-files.ts";
import { AgentPort } from "./agent-port.ts";
import type { Channel } from "./agent-port.ts";
import { Connector } from "./connector.ts";
import { readIdentity } from "./identity.ts";
import { JoinDesk } from "./join-desk.ts";
import { LatestOnly } from "./latest-only.ts";
import type { Pace } from "./pacing.ts";
import type { Fence, ReplicaPosition, ToLink } from "./protocol.ts";
import { Receiver } from "./receiver.ts";
import { ReplicaStore } from "./replica-store.ts";

/** What a link is started with. */
export type LinkOrder = {
  dir: string;
  user: string;
  password: string;
  pace?: Pace | undefined;
  channel: Channel;
  log: Logger;
  /** The promise could not be made durable: this process must not go on. */
  onFatal: (error: unknown) => void;
};

const RECEIVED_EVERY_MS = 50;
const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");

/** Connector, receiver and join desk of one node, driven by its agent. */
export class Link {
  readonly #order: LinkOrder;
  readonly #store: ReplicaStore;
  readonly #agent: AgentPort;
  readonly #connector: Connector;
  readonly #receiver: Receiver;
  readonly #received: LatestOnly<ReplicaPosition>;
  readonly #config;
  #roster: Roster;

  /** Reads the data directory; throws one clear error where it is not one. */
  constructor(order: LinkOrder) {
    const { dir, user, password, log } = order;
    this.#order = order;
    this.#config = readNodeConfig(dir);
    this.#roster = readRoster(dir);
    const identity = readIdentity(dir, this.#config.name);
    this.#store = new ReplicaStore(dir);
    this.#agent = new AgentPort(order.channel, (message) => this.#on(message), log);
    this.#received = new LatestOnly(RECEIVED_EVERY_MS, (position) => {
      this.#agent.send({ kind: "received", ...position });
    });
    // The agent decides what is newer, and makes it durable.
    const heard = (roster: Roster): void => this.#agent.send({ kind: "roster", roster });
    const roster = { current: () => this.#roster, take: heard };
    this.#connector = new Connector({
      identity,
      user,
      password,
      ...(order.pace !== undefined && { pace: order.pace }),
      leaseMs: presets[this.#config.preset].leaseMs,
      onPeer: (view) => this.#agent.send({ kind: "peer", ...view }),
      roster,
      log,
    });
    const desk = new JoinDesk({
      dir,
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      askAgent: (member, admit) => this.#agent.askAbout(member, admit),
      log,
    });
    this.#receiver = new Receiver({
      identity,
      store: this.#store,
      roster,
      join: (body, checkOnly) => desk.handle(body, checkOnly),
      question: (about) => this.#agent.question(about),
      onReceived: (position) => this.#received.push(position),
      log,
    });
  }

  /**
   * Opens both ports and says `ready`; rejects when the link port is taken. A fence that was promised while no link
   * ran is in force before the first request is; `fenced` comes before `ready` where any promise stands.
   */
  async start(fence: Fence | null = null): Promise<void> {
    const asked = fence ?? this.#store.fence;
    if (asked !== null) await this.#fence(asked.epoch, asked.holder);
    const { host, ports } = this.#config;
    const receiverPort = await this.#receiver.listen(ports.link, isLoopback(host) ? host : undefined);
    const connectorPort = await this.#connector.listen();
    this.#agent.send({ kind: "ready", connectorPort, receiverPort });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#connector.stop(), this.#receiver.stop()]);
  }

  #on(message: ToLink): void {
    switch (message.kind) {
      case "fence":
        this.#fence(message.epoch, message.holder).catch(this.#order.onFatal);
        return;
      case "send":
        this.#connector.send({ epoch: message.epoch, peer: message.peer });
        return;
      case "send-stop":
        this.#connector.sendStop();
        return;
      case "roster":
        if (message.roster.version > this.#roster.version) this.#roster = message.roster;
        return;
      case "prune":
        this.#store
          .prune(message.keep)
          .catch((error: unknown) => this.#order.log.error({ err: error }, "prune did not finish"));
        return;
      case "join-answer":
      case "answer":
        return; // paired with its question in AgentPort
    }
  }

  async #fence(epoch: number, holder: string): Promise<void> {
    const decision = await this.#store.promise({ epoch, holder });
    this.#received.flush();
    const refused = decision.kind === "refused" ? decision.reason : undefined;
    this.#agent.send({
      kind: "fenced",
      ...decision.fence,
      newest: this.#store.newest,
      ...(refused !== undefined && { refused }),
    });
  }
}
