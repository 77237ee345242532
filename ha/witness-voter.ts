import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Message, VoterRecord } from "./core/messages.ts";
import { presets } from "./core/timing.ts";
import { createVoter } from "./core/voter.ts";
import type { Voter } from "./core/voter.ts";
import { stepWitness } from "./core/witness.ts";
import { Mdns } from "./io/mdns.ts";
import { readRoster, readSecrets, writeRoster } from "./io/node-files.ts";
import type { WitnessConfig } from "./io/node-files.ts";
import { certificateId } from "./io/pki.ts";
import { UdpPort } from "./io/udp.ts";
import type { UdpSocket } from "./io/udp-socket.ts";
import { VoteFile } from "./io/vote-file.ts";
import { RosterKeeper } from "./roster-keeper.ts";
import { keepOwnHost, mdnsSite } from "./site.ts";
import type { ClusterView } from "./witness-view.ts";

/** More messages than this wait only when the disk hangs; then they are dropped, as a network would. */
const waitingMax = 256;
/** A member that is not heard for so long is told where this witness is: it may have moved. */
const greetAfterMs = 5_000;
const greetEveryMs = 2_000;

export type WitnessVoterOptions = {
  readonly dir: string;
  readonly config: WitnessConfig;
  readonly socket: UdpSocket;
  readonly nowMs: () => number;
  /** What it promised may not be durable: it has stopped, for a voter that forgets must not vote. */
  readonly failed: (error: unknown) => void;
  readonly log: Logger;
};

/** The third vote of one cluster. */
export class WitnessVoter {
  readonly #options: WitnessVoterOptions;
  readonly #votes: VoteFile;
  readonly #keeper: RosterKeeper;
  readonly #udp: UdpPort;
  readonly #mdns: Mdns;
  readonly #waiting: Message[] = [];
  #voter: Voter;
  #busy = false;
  #drained: Promise<void> = Promise.resolve();
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  private constructor(options: WitnessVoterOptions, votes: VoteFile) {
    const { dir, config, socket, nowMs, log } = options;
    const { name, cluster, preset, host, ports } = config;
    this.#options = options;
    this.#votes = votes;
    const id = certificateId(readFileSync(join(dir, "pki", "node.crt")));
    this.#keeper = new RosterKeeper({
      roster: readRoster(dir),
      write: (roster) => writeRoster(dir, roster),
      self: { name, id },
      changed: () => {
        keepOwnHost(dir, config, this.#keeper.self);
        this.#aim();
      },
      log,
    });
    this.#voter = createVoter({
      name,
      timing: presets[preset],
      boot: randomBytes(8).toString("hex"),
      nonce: randomBytes(8).toString("hex"),
      startedMs: nowMs(),
      record: votes.record,
    });
    this.#udp = new UdpPort(socket, {
      identity: { cluster, name, secret: Buffer.from(readSecrets(dir).clusterSecret, "base64") },
      roster: this.#keeper,
      nowMs,
      onMessage: (message) => this.#hear(message),
      logger: log,
    });
    this.#mdns = new Mdns({
      ...mdnsSite(host, dir),
      node: name,
      cluster,
      port: ports.agent,
      role: "witness",
      epoch: votes.record?.epoch ?? 0,
      nowMs,
      onHint: (hint) => this.#udp.hint(hint.node, hint),
      logger: log,
    });
  }

  /** Reads everything and votes from now on; rejects where the folder cannot be used. */
  static async start(options: WitnessVoterOptions): Promise<WitnessVoter> {
    const votes = await VoteFile.open(options.dir);
    try {
      const witness = new WitnessVoter(options, votes);
      witness.#run();
      return witness;
    } catch (error) {
      await votes.close();
      throw error;
    }
  }

  /** What it has recorded and whom it hears. */
  view(): ClusterView {
    const { config, nowMs } = this.#options;
    const { record } = this.#voter;
    const members = this.#keeper.current.members.filter(({ name }) => name !== config.name);
    const hears = members.map(({ name, kind }) => {
      const heardMs = this.#udp.heardMs(name);
      return { name, kind, lastHeardMs: heardMs === null ? null : Math.round(nowMs() - heardMs) };
    });
    const { received, sent, refused } = this.#udp.counters();
    const trouble = this.#keeper.retired;
    const rosterVersion = this.#keeper.current.version;
    const { cluster, name } = config;
    return { cluster, name, votes: trouble === null, record, hears, rosterVersion, received, sent, refused, trouble };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#udp.stop();
    await Promise.all([this.#mdns.stop(), this.#drained]);
    await this.#votes.close();
  }

  #run(): void {
    const { config, log } = this.#options;
    this.#aim();
    this.#udp.run();
    this.#mdns.run();
    this.#timer = setInterval(() => this.#greet(), greetEveryMs);
    log.info({ name: config.name, blank: this.#votes.record === null, retired: this.#keeper.retired }, "witness runs");
  }

  #aim(): void {
    for (const { name, host, agentPort } of this.#keeper.current.members) {
      if (name !== this.#options.config.name) this.#udp.setAddresses(name, [{ host, port: agentPort }]);
    }
  }

  #greet(): void {
    if (this.#keeper.retired !== null) return;
    const sinceMs = this.#options.nowMs() - greetAfterMs;
    for (const { name } of this.#keeper.current.members) {
      const unheard = (this.#udp.heardMs(name) ?? Number.NEGATIVE_INFINITY) < sinceMs;
      if (name !== this.#options.config.name && unheard) this.#udp.greet(name);
    }
  }

  #hear(message: Message): void {
    if (this.#waiting.length < waitingMax) this.#waiting.push(message);
    if (!this.#busy) this.#drained = this.#drain();
  }

  /** One message at a time: [HA-2] what it promises is durable before the answer leaves. */
  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
        const ready = stepWitness(this.#voter, message, this.#options.nowMs());
        this.#voter = ready.voter;
        if (ready.persist !== null) await this.#record(ready.persist);
        if (this.#stopped) return;
        for (const answer of ready.send) this.#udp.send(answer);
      }
    } catch (error) {
      this.#options.log.fatal(
        { err: error },
        "the record could not be made durable; a voter that forgets must not vote",
      );
      this.#udp.stop();
      this.#options.failed(error);
    } finally {
      this.#busy = false;
    }
  }

  async #record(record: VoterRecord): Promise<void> {
    await this.#votes.write(record);
    this.#options.log.info({ record }, "recorded");
    this.#mdns.advertise({ role: "witness", epoch: record.epoch });
  }
}
