import { join } from "node:path";
import pino from "pino";
import type { Logger } from "pino";
import { createControlApp } from "./control-app.ts";
import type { AgentView } from "./core/health.ts";
import type { Action } from "./core/member.ts";
import { ledUnasked } from "./core/quorum.ts";
import type { Message } from "./core/messages.ts";
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
import type { LeaseShell } from "./lease-shell.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { Membership } from "./membership.ts";
import { Neighbours } from "./neighbours.ts";
import { NetworkWatch } from "./network-watch.ts";
import { createLease } from "./node-lease.ts";
import { createParts } from "./node-parts.ts";
import type { AgentOptions, NodeParts } from "./node-parts.ts";
import { positionOf, standingView, whyNotLead } from "./node-standing.ts";
import type { StandingParts } from "./node-standing.ts";
import { PairViews, pairViewOf } from "./pair-views.ts";
import { PrimaryDuty } from "./primary-duty.ts";
import { answerQuestion } from "./questions.ts";
import { reinit } from "./reinit.ts";
import { createHealthApp, serve } from "./server.ts";
import { stopSignal } from "./stop-signal.ts";
import { listenHost } from "./site.ts";

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
  readonly #space: DiskSpace;
  readonly #network: NetworkWatch;
  readonly #neighbours: Neighbours;
  readonly #membership: Membership;
  #failed = Promise.withResolvers<number>();
  readonly #views = new PairViews((view) => this.#parts.app.send({ kind: "view", view }));
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
    this.#parts = createParts(options, this.#history, binary, log, {
      review: () => this.#review(),
      primary: () => this.#primary,
      roster: (roster) => this.#neighbours.keeper.take(roster),
      applicant: (member, admit) => this.#membership.answer(member, admit),
      question: (about) => answerQuestion(about, { ...this.#parts, primary: this.#primary, history: this.#history }),
      nowMs: this.#clock.monotonicMs,
      member: () => this.#shell.member,
      peerReceiver: () => this.#neighbours.receiver,
    });
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
    const others = () => this.#neighbours.others;
    this.#membership = new Membership({ keeper, others, shell: () => this.#shell, nowMs, log });
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
      askApp: (request, limitMs) => this.#parts.app.ask(request, limitMs),
      membership: () => this.#membership,
      neighbours: () => this.#neighbours,
      verifier: () => this.#parts.verifier,
      reinit: (order) => {
        const nowMs = this.#clock.monotonicMs;
        return reinit({ ...this.#parts, shell: this.#shell, history: this.#history, dataDir, nowMs }, order);
      },
      history: this.#history,
      nowMs: () => this.#clock.monotonicMs(),
      canLead: () => whyNotLead(this.#standing()),
    });
    // The control socket is this directory's lock: only its owner may kill what an earlier run left behind.
    const socket = await serveControl(join(dataDir, "run", "agent.sock"), control);
    const closers: (() => Promise<void>)[] = [() => socket.close()];
    try {
      await killLeftovers(join(dataDir, "run"), this.#log);
      this.#parts.verifier.load(await this.#history.load());
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
    const { disk, link } = this.#parts;
    this.#votes = await VoteFile.open(dataDir);
    this.#shell = createLease({
      config: this.#config,
      votes: this.#votes,
      link,
      others: this.#neighbours.others,
      nowMs: this.#clock.monotonicMs,
      send: (message: Message) => this.#neighbours.send(message),
      act: (action) => this.#act(action),
      failed: () => this.#failed.resolve(1),
      log: this.#log,
    });
    this.#primary = new PrimaryDuty({
      ...this.#parts,
      shell: this.#shell,
      reader: new LedgerReader({ runDir: join(dataDir, "run"), ledgerPath: disk.ledgerPath, log: this.#log }),
      nowMs: this.#clock.monotonicMs,
      hrtimeNsAt: this.#clock.hrtimeNsAt,
      peerReceiver: () => this.#neighbours.receiver,
      startReplicator: (epoch, connectorPort) => disk.startReplicator(epoch, connectorPort),
      promoted: (event) => this.#history.promoted(event, ledUnasked(this.#shell.member)),
      confirmed: (outcome, waitedMs) => this.#metrics.confirmed(outcome, waitedMs),
      steppedDown: (epoch, reason) => this.#history.write({ kind: "stepped-down", epoch, reason }),
      log: this.#log,
    });
  }

  async #start(): Promise<void> {
    const { app, link } = this.#parts;
    this.#membership.tell();
    this.#space.run();
    this.#metrics.run();
    const record = this.#votes.record;
    // Nothing may be received under an older promise than the one that is recorded.
    if (record !== null) await link.fence(record);
    link.start();
    app.start();
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
    const { app, link, standby, verifier } = this.#parts;
    this.#shell?.stop();
    this.#network.stop();
    verifier.stop();
    this.#metrics.stop();
    this.#space.stop();
    await this.#primary?.stop();
    await Promise.all([app.stop(), link.stop(), standby.stop(), this.#neighbours.stop()]);
    this.#options.appWatch?.stop();
    await this.#votes?.close();
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
    const { app, standby, verifier } = this.#parts;
    const standing = this.#standing();
    const fit = app.ready && whyNotLead(standing) === null;
    this.#shell.feed({ kind: "status", position: positionOf(standing), fit });
    standby.review(this.#shell.member, this.#clock.monotonicMs());
    this.#primary.review(this.#space.low);
    this.#membership.review();
    verifier.review();
    // A peer that has moved is heard at another address: the replica follows it, unless it gets through as it is.
    if (this.#primary.replication?.peer?.receiving === false && this.#neighbours.receiverMoved())
      this.#primary.aimLink();
    const view = this.view();
    this.#history.observe(view);
    this.#metrics.observe(view);
    this.#neighbours.advertise(view.role === "primary" ? "primary" : "standby", view.epoch);
    this.#views.tell(pairViewOf(view, this.#neighbours.appOf(view.primary)), this.#clock.monotonicMs());
  }

  view(): AgentView {
    if (this.#shell === undefined) throw new Error("the agent is starting");
    return standingView(this.#standing());
  }

  #standing(): StandingParts {
    return {
      ...this.#parts,
      shell: this.#shell,
      primary: this.#primary,
      space: this.#space,
      network: this.#network,
      neighbours: this.#neighbours,
      history: this.#history,
      appPort: this.#config.ports.app,
      nowMs: this.#clock.monotonicMs(),
    };
  }

  #takeRoster(roster: Roster, replaced: boolean): void {
    // What the old board of that name granted or recorded says nothing of the new one.
    if (replaced) this.#shell.feed({ kind: "members", peer: null, arbiter: null });
    this.#membership.tell();
    this.#parts.link.send({ kind: "roster", roster });
    this.#network.follow(roster.arbiter);
    this.#primary.aimLink();
    this.#history.members(roster);
  }
}
