import { randomBytes } from "node:crypto";
import { join } from "node:path";
import pino from "pino";
import type { Logger } from "pino";
import type { AppChild } from "./app-child.ts";
import { viewOf } from "./agent-view.ts";
import { createControlApp } from "./control-app.ts";
import type { AgentView } from "./core/health.ts";
import { copyOfRecord } from "./core/promotion-plan.ts";
import { createMember } from "./core/member.ts";
import type { Action } from "./core/member.ts";
import { ledUnasked } from "./core/quorum.ts";
import type { Message, Position, VoterRecord } from "./core/messages.ts";
import { presets } from "./core/timing.ts";
import { AgentHistory } from "./agent-history.ts";
import { createClock } from "./io/clock.ts";
import { keepCompiled } from "./io/compile-cache.ts";
import { serveControl } from "./io/control.ts";
import { DiskSpace } from "./io/disk-space.ts";
import { killLeftovers } from "./io/leftovers.ts";
import { AgentMetrics } from "./io/metrics.ts";
import { findLitestream } from "./io/litestream-binary.ts";
import { readNodeConfig } from "./io/node-files.ts";
import type { Roster } from "./io/node-files.ts";
import { serviceManager } from "./io/service-manager.ts";
import { VoteFile } from "./io/vote-file.ts";
import { LeaseShell } from "./lease-shell.ts";
import { LedgerReader } from "./ledger-reader.ts";
import type { LinkChild } from "./link-child.ts";
import { Membership } from "./membership.ts";
import { Neighbours } from "./neighbours.ts";
import { NetworkWatch } from "./network-watch.ts";
import type { NodeDisk } from "./node-disk.ts";
import { createParts } from "./node-parts.ts";
import type { AgentOptions, NodeParts } from "./node-parts.ts";
import { PairViews, pairViewOf } from "./pair-views.ts";
import { PrimaryDuty } from "./primary-duty.ts";
import { answerQuestion } from "./questions.ts";
import { epochOf } from "./roster-keeper.ts";
import { reinit } from "./reinit.ts";
import { createHealthApp, serve } from "./server.ts";
import type { StandbyDuty } from "./standby-duty.ts";
import { stopSignal } from "./stop-signal.ts";
import { listenHost } from "./site.ts";
import type { Verifier } from "./verifier.ts";

const reviewEveryMs = 100;
const drainLimitMs = 3_000;

/** One node, until it is told to stop; resolves with the exit code. Rejects when it cannot even start. */
export async function runAgent(options: AgentOptions): Promise<number> {
  const log = options.log ?? pino({ level: process.env["TRADER_LOG_LEVEL"] ?? "info" }, pino.destination(2));
  const config = readNodeConfig(options.dataDir);
  const binary = await findLitestream({ env: process.env, log, fetch: options.fetchLitestream });
  const agent = new Agent(options, config, binary, log);
  return agent.run();
}

/** Wires the lease core to the processes, files and sockets of one node. Decides nothing itself. */
class Agent {
  readonly #options: AgentOptions;
  readonly #config;
  readonly #log: Logger;
  readonly #timing;
  readonly #clock = createClock();
  readonly #history: AgentHistory;
  readonly #metrics = new AgentMetrics(this.#clock.monotonicMs);
  readonly #parts: NodeParts;
  readonly #disk: NodeDisk;
  readonly #link: LinkChild;
  readonly #app: AppChild;
  readonly #standby: StandbyDuty;
  readonly #space: DiskSpace;
  readonly #network: NetworkWatch;
  readonly #neighbours: Neighbours;
  readonly #membership: Membership;
  readonly #verifier: Verifier;
  #failed = Promise.withResolvers<number>();
  readonly #views = new PairViews((view) => this.#app.send({ kind: "view", view }));
  // Made by #open, before anything can call for them.
  #shell!: LeaseShell;
  #primary!: PrimaryDuty;
  #votes!: VoteFile;

  constructor(options: AgentOptions, config: ReturnType<typeof readNodeConfig>, binary: string, log: Logger) {
    const { dataDir } = options;
    this.#options = options;
    this.#config = config;
    this.#log = log;
    this.#timing = presets[config.preset];
    this.#history = new AgentHistory(dataDir, config.name, log, (event) => this.#metrics.note(event));
    const parts = createParts(options, this.#history, binary, log, {
      review: () => this.#review(),
      primary: () => this.#primary,
      roster: (roster) => this.#neighbours.keeper.take(roster),
      applicant: (member, admit) => this.#membership.answer(member, admit),
      question: (about) => answerQuestion(about, this.#answerers()),
      nowMs: this.#clock.monotonicMs,
      member: () => this.#shell.member,
      peerReceiver: () => this.#neighbours.receiver,
    });
    this.#parts = parts;
    this.#disk = parts.disk;
    this.#link = parts.link;
    this.#app = parts.app;
    this.#standby = parts.standby;
    this.#verifier = parts.verifier;
    this.#space = new DiskSpace(dataDir);
    const nowMs = this.#clock.monotonicMs;
    this.#neighbours = new Neighbours({
      dataDir,
      config,
      nowMs,
      onMessage: (message) => this.#shell.feed({ kind: "message", message }),
      onRoster: (roster, replaced) => this.#takeRoster(roster, replaced),
      log,
    });
    const { keeper } = this.#neighbours;
    this.#membership = new Membership({ keeper, shell: () => this.#shell, nowMs, log });
    this.#network = new NetworkWatch({
      nowMs,
      member: () => this.#shell.member,
      feed: (event) => this.#shell.feed(event),
      log,
    });
  }

  async run(): Promise<number> {
    const { dataDir, lifelinePid } = this.#options;
    const stopped = stopSignal(lifelinePid);
    const manager = serviceManager(process.env, this.#log);
    const control = createControlApp({
      dataDir,
      view: () => this.view(),
      shell: () => this.#shell,
      primary: () => this.#primary,
      askApp: (request, limitMs) => this.#app.ask(request, limitMs),
      membership: () => this.#membership,
      neighbours: () => this.#neighbours,
      verifier: () => this.#verifier,
      reinit: (order) => {
        const nowMs = this.#clock.monotonicMs;
        return reinit({ ...this.#parts, shell: this.#shell, history: this.#history, dataDir, nowMs }, order);
      },
      history: this.#history,
      nowMs: () => this.#clock.monotonicMs(),
      canLead: () => this.#canLead(),
    });
    // The control socket is this directory's lock: only its owner may kill what an earlier run left behind.
    const socket = await serveControl(join(dataDir, "run", "agent.sock"), control);
    const closers: (() => Promise<void>)[] = [() => socket.close()];
    try {
      await killLeftovers(join(dataDir, "run"), this.#log);
      this.#verifier.load(await this.#history.load());
      await this.#open();
      const host = listenHost(this.#config.host);
      await this.#neighbours.run();
      const app = createHealthApp(() => this.view(), this.#metrics);
      const health = await serve({ app, host, port: this.#config.ports.agent });
      closers.push(() => health.close());
      await this.#start();
      manager.ready();
      const code = await Promise.race([stopped, this.#failed.promise]);
      manager.stopping();
      if (code === 0) await this.#leaveCleanly();
      return code;
    } finally {
      await this.#stop();
      for (const close of closers) await close();
    }
  }

  async #open(): Promise<void> {
    const { dataDir } = this.#options;
    const { name } = this.#config;
    this.#votes = await VoteFile.open(dataDir);
    const { peer, arbiter, arbiterKind } = this.#neighbours.others;
    const member = createMember({
      name,
      boot: randomBytes(8).toString("hex"),
      nonce: randomBytes(8).toString("hex"),
      timing: this.#timing,
      record: this.#votes.record,
      arbiterKind,
      peer: peer?.name ?? null,
      arbiter: arbiter?.name ?? null,
      nowMs: this.#clock.monotonicMs(),
    });
    this.#shell = new LeaseShell(member, {
      nowMs: this.#clock.monotonicMs,
      persist: (record) => this.#persist(record),
      send: (message: Message) => this.#neighbours.send(message),
      act: (action) => this.#act(action),
      failed: (error) => {
        this.#log.fatal({ err: error }, "a vote could not be made durable; a voter that forgets must not vote");
        this.#failed.resolve(1);
      },
      log: this.#log,
    });
    this.#primary = new PrimaryDuty({
      shell: this.#shell,
      app: this.#app,
      link: this.#link,
      disk: this.#disk,
      reader: new LedgerReader({ runDir: join(dataDir, "run"), ledgerPath: this.#disk.ledgerPath, log: this.#log }),
      nowMs: this.#clock.monotonicMs,
      hrtimeNsAt: this.#clock.hrtimeNsAt,
      peerReceiver: () => this.#neighbours.receiver,
      startReplicator: (epoch, connectorPort) => this.#disk.startReplicator(epoch, connectorPort),
      promoted: (event) => this.#history.promoted(event, ledUnasked(this.#shell.member)),
      confirmed: (outcome, waitedMs) => this.#metrics.confirmed(outcome, waitedMs),
      steppedDown: (epoch, reason) => this.#history.write({ kind: "stepped-down", epoch, reason }),
      log: this.#log,
    });
  }

  async #start(): Promise<void> {
    this.#tellMembers();
    this.#space.run();
    this.#metrics.run();
    const record = this.#votes.record;
    // Nothing may be received under an older promise than the one that is recorded.
    if (record !== null) await this.#link.fence(record);
    this.#link.start();
    this.#app.start();
    this.#shell.run();
    this.#network.follow(this.#neighbours.keeper.current.arbiter);
    const timer = setInterval(() => this.#review(), reviewEveryMs);
    timer.unref();
    this.#neighbours.announce(record?.epoch ?? 0);
    keepCompiled();
    this.#history.write({ kind: "started", epoch: record?.epoch ?? 0 });
  }

  /** A clean stop of a primary is a switchover first, when there is anybody to lead. */
  async #leaveCleanly(): Promise<void> {
    const { peer, phase, voter } = this.#shell.member;
    const successor =
      phase.kind === "primary" && peer !== null && voter.record?.sync.inSync.includes(peer) ? peer : null;
    if (successor === null) return;
    const { done, reason } = await this.#primary.handOver(successor, drainLimitMs);
    this.#log.info({ successor, done, reason }, "handing over before stopping");
    if (done) await this.#shell.until((member) => member.voter.record?.holder === successor, this.#timing.leaseMs);
  }

  async #stop(): Promise<void> {
    this.#shell?.stop();
    this.#network.stop();
    this.#verifier.stop();
    this.#metrics.stop();
    this.#space.stop();
    await this.#primary?.stop();
    await Promise.all([this.#app.stop(), this.#link.stop(), this.#standby.stop(), this.#neighbours.stop()]);
    this.#options.appWatch?.stop();
    await this.#votes?.close();
  }

  /** [HA-2] [HA-5] Durable in the vote file, and promised by the receiver, before anybody hears of it. */
  async #persist(record: VoterRecord): Promise<void> {
    await this.#votes.write(record);
    await this.#link.fence(record);
  }

  #act(action: Action): void {
    switch (action.kind) {
      case "promote": {
        const from = this.#history.lastHolder;
        void this.#primary.promote(action.epoch, action.cause, from);
        if (action.cause === "forced") this.#membership.lead(action.epoch);
        return this.#neighbours.advertise("primary", action.epoch);
      }
      case "demote":
        void this.#primary.demote(action.epoch, action.reason);
        return this.#neighbours.advertise("standby", action.epoch);
      case "raised":
        void this.#primary.raise(action.epoch);
        return this.#neighbours.advertise("primary", action.epoch);
      case "lease":
        this.#neighbours.lease(action.validUntilMs);
        return this.#primary.lease(action.epoch, action.validUntilMs);
    }
  }

  /** Tells the core what this node could do, and everybody else what it is. */
  #review(): void {
    if (this.#shell === undefined) return;
    this.#shell.feed({ kind: "status", position: this.#position(), fit: this.#app.ready && this.#canLead() === null });
    this.#standby.review(this.#shell.member, this.#clock.monotonicMs());
    this.#primary.review(this.#space.low);
    this.#membership.review();
    this.#verifier.review();
    // A peer that has moved is heard at another address: the replica follows it, unless it gets through as it is.
    if (this.#primary.replication?.peer?.receiving === false && this.#neighbours.receiverMoved())
      this.#primary.aimLink();
    const view = this.view();
    this.#history.observe(view);
    this.#metrics.observe(view);
    this.#neighbours.advertise(view.role === "primary" ? "primary" : "standby", view.epoch);
    this.#views.tell(pairViewOf(view, this.#neighbours.appOf(view.primary)), this.#clock.monotonicMs());
  }

  /** Why this node could not lead; null when it could. */
  #canLead(): string | null {
    const broken = this.#primary.broken(this.#clock.monotonicMs());
    if (broken !== null) return broken;
    // With little room it leads only where nobody else does.
    const { promise, name } = this.#shell.member.voter;
    const led = promise !== null && promise.to !== name && promise.untilMs > this.#clock.monotonicMs();
    if (led && this.#space.low !== null) return this.#space.low;
    if (copyOfRecord(this.#disk.onDisk()) === null) return "this node holds no copy of the ledger yet";
    return this.#link.pid === null ? "the link process does not run" : null;
  }

  #position(): Position {
    const { phase } = this.#shell.member;
    const replication = this.#primary.replication;
    if (phase.kind === "primary") return { epoch: phase.epoch, txid: replication?.txid ?? 0 };
    const { lineageEpoch, received } = this.#disk.onDisk();
    if (received !== null && copyOfRecord({ lineageEpoch, received }) === "received") return received;
    return { epoch: lineageEpoch ?? 0, txid: 0 };
  }

  view(): AgentView {
    const shell = this.#shell;
    if (shell === undefined) throw new Error("the agent is starting");
    return viewOf({
      member: shell.member,
      nowMs: this.#clock.monotonicMs(),
      appReady: this.#app.ready,
      ledgerOpen: this.#primary.ledgerOpen,
      pids: {
        agent: process.pid,
        link: this.#link.pid,
        app: this.#app.pid,
        litestream: this.#primary.replication?.pid ?? this.#standby.warm?.pid() ?? null,
      },
      troubles: this.#troubles(),
      replicaTrouble: this.#primary.replicaTrouble,
      appNotes: this.#app.notes,
      history: this.#history.recent,
      verified: this.#verifier.last,
      appPort: this.#config.ports.app,
      counters: this.#neighbours.counters(),
      refusals: this.#neighbours.refusals(),
      retired: this.#neighbours.keeper.retired,
    });
  }

  #answerers() {
    return { primary: this.#primary, verifier: this.#verifier, history: this.#history };
  }

  /** What is not as it should be on this node, one sentence each. */
  #troubles(): string[] {
    const own = [this.#space.low, this.#app.trouble, this.#link.trouble, this.#network.trouble].filter(
      (reason) => reason !== null,
    );
    const copy = this.#verifier.trouble;
    if (copy !== null) own.push(copy);
    const others = [...this.#primary.troubles(this.#clock.monotonicMs()), ...this.#neighbours.troubles];
    return [...new Set([...own, ...others])];
  }

  #takeRoster(roster: Roster, replaced: boolean): void {
    // What the old board of that name granted or recorded says nothing of the new one.
    if (replaced) this.#shell.feed({ kind: "members", peer: null, arbiter: null });
    this.#tellMembers();
    this.#link.send({ kind: "roster", roster });
    this.#network.follow(roster.arbiter);
    this.#primary.aimLink();
    this.#history.write({ kind: "members", ...membersOf(roster) });
  }

  #tellMembers(): void {
    const { peer, arbiter, arbiterKind, observer, bystander } = this.#neighbours.others;
    this.#shell.feed({
      kind: "members",
      peer: peer?.name ?? null,
      arbiter: arbiter?.name ?? null,
      arbiterKind,
      observer: observer?.name ?? null,
      bystander,
      madeInEpoch: epochOf(this.#neighbours.keeper.current),
    });
    this.#membership.review();
  }
}

const membersOf = ({ version, members, arbiter }: Roster) => ({
  version,
  members: members.map(({ name }) => name),
  arbiter: [arbiter.kind, ...arbiter.targets].join(" "),
});
