import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Message, Name } from "./core/messages.ts";
import { heardRun, twoAtOnce } from "./core/runs.ts";
import type { Runs } from "./core/runs.ts";
import { Mdns } from "./io/mdns.ts";
import { readRoster, readSecrets, writeRoster } from "./io/node-files.ts";
import type { Member, NodeConfig, Roster } from "./io/node-files.ts";
import { certificateId } from "./io/pki.ts";
import { UdpPort } from "./io/udp.ts";
import type { UdpRefusal } from "./io/udp.ts";
import { UdpSocket } from "./io/udp-socket.ts";
import { appAddress, othersOf } from "./members.ts";
import type { Others } from "./members.ts";
import { RosterKeeper } from "./roster-keeper.ts";
import { keepOwnHost, listenHost, mdnsSite } from "./site.ts";

export type NeighboursOptions = {
  readonly dataDir: string;
  readonly config: NodeConfig;
  readonly nowMs: () => number;
  readonly onMessage: (message: Message) => void;
  /** A newer roster is in force; `replaced`: another board has a known name now. */
  readonly onRoster: (roster: Roster, replaced: boolean) => void;
  readonly log: Logger;
};

/** One member as this node sees it. */
export type MemberView = Pick<Member, "name" | "kind" | "host" | "agentPort"> & {
  readonly self: boolean;
  /** Where it is heard now; the roster's host where that is the same, or where it is not heard. */
  readonly presentHost: string;
  readonly lastHeardMs: number | null;
  /** Whether it has said that it has the roster in force. */
  readonly upToDate: boolean;
};

/** Whether another board has this name now. */
const isOther = (roster: Roster, name: Name, id: string): boolean =>
  roster.members.some((member) => member.name === name && member.id !== id);

/** A node that was retired has nobody to lead with. */
const nobody: Others = { peer: null, arbiter: null, observer: null, arbiterKind: "witness", bystander: false };

const twoMachines = (name: Name): string =>
  `Two machines run as ${name}, with the same keys. Stop the copy; a further board joins under a name of its own.`;

/** The other members: who they are, and how they are reached by heartbeats and mDNS. */
export class Neighbours {
  readonly keeper: RosterKeeper;
  readonly #options: NeighboursOptions;
  readonly #socket: UdpSocket;
  readonly #udp: UdpPort;
  readonly #runs = new Map<Name, Runs>();
  #mdns: Mdns | null = null;
  #linkHost = "";

  /** Reads roster, secret and certificate; throws where one of them is not there or wrong. */
  constructor(options: NeighboursOptions) {
    const { dataDir, config, nowMs, onRoster, log } = options;
    const { name, cluster, host, ports } = config;
    this.#options = options;
    const id = certificateId(readFileSync(join(dataDir, "pki", "node.crt")));
    let before: Roster | null = null;
    const changed = (roster: Roster): void => {
      const replaced = before?.members.some(({ name: known, id: key }) => isOther(roster, known, key)) ?? false;
      before = roster;
      keepOwnHost(dataDir, config, this.keeper.self);
      this.#aim();
      onRoster(roster, replaced);
    };
    this.keeper = new RosterKeeper({
      roster: readRoster(dataDir),
      write: (roster) => writeRoster(dataDir, roster),
      self: { name, id },
      changed,
      log,
    });
    before = this.keeper.current;
    this.#socket = new UdpSocket(listenHost(host), ports.agent, log);
    const secret = Buffer.from(readSecrets(dataDir).clusterSecret, "base64");
    const identity = { cluster, secret, name };
    const onMessage = (message: Message): void => this.#hear(message);
    this.#udp = new UdpPort(this.#socket, { identity, roster: this.keeper, nowMs, onMessage, logger: log });
  }

  /** Who is who by the roster in force. */
  get others(): Others {
    return this.keeper.retired === null ? othersOf(this.#options.config.name, this.keeper.current) : nobody;
  }

  /** Opens the heartbeats' port; rejects with one clear sentence when it is not to be had. */
  async run(): Promise<void> {
    this.#aim();
    await this.#socket.run();
    this.#udp.run();
  }

  /** Starts to advertise this node by mDNS, and to hear of others. */
  announce(epoch: number): void {
    const { config, dataDir, nowMs, log } = this.#options;
    this.#mdns = new Mdns({
      ...mdnsSite(config.host, dataDir),
      node: config.name,
      cluster: config.cluster,
      port: config.ports.agent,
      appPort: config.ports.app,
      role: "standby",
      epoch,
      nowMs,
      onHint: (hint) => this.#udp.hint(hint.node, hint),
      logger: log,
    });
    this.#mdns.run();
  }

  advertise(role: "primary" | "standby", epoch: number): void {
    this.#mdns?.advertise({ role, epoch });
  }

  /** The lease stands until this instant of the clock that was given. */
  lease(validUntilMs: number): void {
    this.#mdns?.lease(validUntilMs);
  }

  /** What is wrong with mDNS, and with who is heard, one sentence each. */
  get troubles(): readonly string[] {
    const nowMs = this.#options.nowMs();
    const doubled = [...this.#runs].filter(([, runs]) => twoAtOnce(runs, nowMs)).map(([name]) => name);
    return [...doubled.map(twoMachines), ...(this.#mdns?.troubles ?? [])];
  }

  send(message: Message): void {
    this.#udp.send(message);
  }

  async stop(): Promise<void> {
    this.#udp.stop();
    await Promise.all([this.#mdns?.stop(), this.#socket.stop()]);
  }

  /** Where the app of a member answers now, "host:port"; null when it has none. */
  appOf(name: Name | null): string | null {
    const member = this.keeper.current.members.find((candidate) => candidate.name === name);
    return member === undefined ? null : appAddress({ ...member, host: this.#hostOf(member) });
  }

  /** Where the peer's receiver is now; null while no second node has joined. */
  get receiver(): { name: string; id: string; host: string; port: number } | null {
    const { peer } = this.others;
    if (peer?.linkPort === undefined) return null;
    return { name: peer.name, id: peer.id, host: this.#hostOf(peer), port: peer.linkPort };
  }

  /** True once for each time that the peer is heard at another address than before. */
  receiverMoved(): boolean {
    const host = this.receiver?.host ?? "";
    const moved = host !== this.#linkHost;
    this.#linkHost = host;
    return moved;
  }

  members(): readonly MemberView[] {
    const { keeper } = this;
    return keeper.current.members.map((member) => {
      const { name, kind, host, agentPort, id } = member;
      const self = keeper.self?.id === id;
      const heardMs = self ? null : this.#udp.heardMs(name);
      const lastHeardMs = heardMs === null ? null : Math.round(this.#options.nowMs() - heardMs);
      const upToDate = self || keeper.versionOf(name) >= keeper.current.version;
      return { name, kind, host, agentPort, self, presentHost: this.#hostOf(member), lastHeardMs, upToDate };
    });
  }

  /** Why heartbeats that came within the last seconds were refused. */
  refusals(): readonly UdpRefusal[] {
    return this.#udp.refusals();
  }

  counters(): Record<string, number> {
    const { received, sent, refused } = this.#udp.counters();
    return { received, sent, ...Object.fromEntries(Object.entries(refused).map(([why, n]) => [`refused:${why}`, n])) };
  }

  #hear(message: Message): void {
    const { from, boot } = message;
    this.#runs.set(from, heardRun(this.#runs.get(from) ?? [], boot, this.#options.nowMs()));
    this.#options.onMessage(message);
  }

  #hostOf({ name, host }: Member): string {
    return name === this.#options.config.name ? host : this.#udp.whereIs(name, host);
  }

  #aim(): void {
    for (const { name, host, agentPort } of this.keeper.current.members) {
      if (name !== this.#options.config.name) this.#udp.setAddresses(name, [{ host, port: agentPort }]);
    }
  }
}
