import { remoteOf } from "./core/member.ts";
import { validUntilMs } from "./core/validity.ts";
import type { PromotionCause } from "./core/member.ts";
import { planPromotion } from "./core/promotion-plan.ts";
import type { OnDisk, PromotionStep } from "./core/promotion-plan.ts";
import { Doubts } from "./doubts.ts";
import type { ReadOutcome } from "./ledger-reader.ts";
import type { PrimaryPorts } from "./primary-ports.ts";
import { Replication } from "./replication.ts";

/** What becomes of commits that the standby has not received when the lease is given away. */
type Rest = "sent" | "left-alone";

const openLimitMs = 20_000;

/** Everything that this node does because it holds the lease. */
export class PrimaryDuty {
  readonly #ports: PrimaryPorts;
  /** The epoch whose ledger the app is to have open. */
  #leads: number | null = null;
  #replication: Replication | null = null;
  #promoting: Promise<void> = Promise.resolve();
  /** Nobody has the ledger open any more: only then the next app may. */
  #free: Promise<void> = Promise.resolve();
  readonly #doubts = new Doubts();

  constructor(ports: PrimaryPorts) {
    this.#ports = ports;
  }

  get replication(): Replication | null {
    return this.#replication;
  }

  /** Why this node cannot lead at this moment; null when it could. */
  broken(nowMs: number): string | null {
    return this.#doubts.broken(nowMs);
  }

  /** What is not as it should be with this node's own work, one sentence each. */
  troubles(nowMs: number): readonly string[] {
    const { phase } = this.#ports.shell.member;
    const kept = phase.kind === "primary" ? this.#doubts.kept : null;
    return [this.broken(nowMs), kept].filter((reason) => reason !== null);
  }

  /** Why the standby does not have everything; null while it does, or while this node does not lead. */
  get replicaTrouble(): string | null {
    const leads = this.#ports.shell.member.phase.kind === "primary";
    return leads ? (this.#replication?.trouble ?? null) : null;
  }

  get ledgerOpen(): boolean {
    return this.#leads !== null && this.#ports.app.openEpoch !== null;
  }

  /** One promotion at a time: an overtaken one ends at its next step. */
  promote(epoch: number, cause: PromotionCause, from: string | null): Promise<void> {
    this.#promoting = this.#promoting.then(() => this.#promote(epoch, cause, from));
    return this.#promoting;
  }

  async #promote(epoch: number, cause: PromotionCause, from: string | null): Promise<void> {
    const { disk, shell, log } = this.#ports;
    if (!this.#stillLeads(epoch)) return;
    const onDisk = disk.onDisk();
    const lostEstimate = this.#lostEstimate(cause, onDisk);
    const plan = planPromotion(epoch, onDisk);
    if (plan.kind === "nothing-to-lead") return this.#giveAway("this node holds no copy of the ledger");
    const steps: { kind: string; ms: number }[] = [];
    try {
      for (const step of plan.steps) {
        if (!this.#stillLeads(epoch)) return;
        const startedMs = this.#ports.nowMs();
        await this.#perform(step);
        steps.push({ kind: step.kind, ms: Math.round(this.#ports.nowMs() - startedMs) });
      }
    } catch (error) {
      log.error({ err: error, epoch, steps }, "the promotion could not be completed");
      if (this.#stillLeads(epoch))
        this.#giveAway(`a promotion failed: ${error instanceof Error ? error.message : "unknown"}`);
      return;
    }
    if (!this.#stillLeads(epoch)) return;
    log.info({ epoch, cause, steps, agoMs: shell.agoMs() }, "primary");
    this.#ports.promoted({ epoch, cause, from, lostEstimate, steps });
  }

  /** The lease may have ended: the app dies first, then the core hears of it. [HA-8] */
  async demote(epoch: number, reason: string): Promise<void> {
    this.#ports.log.warn({ epoch, reason }, "stepping down");
    await this.#stopActing();
    this.#ports.shell.feed({ kind: "demoted" });
    this.#ports.steppedDown(epoch, reason);
  }

  /** The same lease goes on under a higher epoch: another path for the replica, the same open ledger. */
  raise(epoch: number): Promise<void> {
    // At once: the app that has the ledger open lives by renewals.
    if (this.#leads !== null) this.#leads = epoch;
    this.#promoting = this.#promoting.then(() => this.#raise(epoch));
    return this.#promoting;
  }

  async #raise(epoch: number): Promise<void> {
    // The promotion that it overtook has opened nothing.
    if (this.#leads === null) return this.#promote(epoch, "resume", null);
    const before = this.#replication;
    this.#replication = null;
    await before?.stop();
    if (!this.#stillLeads(epoch)) return;
    this.#ports.disk.relabel(epoch);
    this.#startReplication(epoch);
  }

  /** A renewal: the app may act until then. */
  lease(epoch: number, untilMs: number): void {
    if (this.#leads !== epoch) return;
    this.#ports.app.send({ kind: "lease", epoch, validUntilNs: this.#ports.hrtimeNsAt(untilMs) });
  }

  /** A fresh app is warm; on a primary it opens the ledger again. */
  appReady(): void {
    void this.#free.then(() => {
      if (this.#leads !== null) this.#openLedger(this.#leads);
    });
  }

  appOpened(): void {
    this.#replication?.goOn();
  }

  /** The app says that it cannot do its job: the standby may do better. */
  cannotRun(reason: string): void {
    this.#ports.log.error({ reason }, "the app cannot run");
    // Perhaps for what it found in the ledger: not a byte of that may reach the standby.
    this.#ratherNot(`the app cannot run: ${reason}`, "left-alone");
  }

  /** The app ended or hung, and is started again in place; when that does not help, the standby may do better. */
  appFailed(how: "ended" | "hung", reason: string): void {
    const { log, reader } = this.#ports;
    this.#free = Promise.all([this.#replication?.hold(), reader.stop()])
      .then(() => undefined)
      .catch((error: unknown) => log.error({ err: error }, "whoever had the ledger open could not be killed"));
    const nowMs = this.#ports.nowMs();
    const { member } = this.#ports.shell;
    // One that died of its deadline did right.
    if (member.phase.kind !== "primary" || nowMs >= validUntilMs(member)) return;
    const failing = this.#doubts.failed(how, reason, nowMs);
    if (failing !== null) this.#ratherNot(`the app failed ${failing}`);
  }

  /** To be called on a timer. `unable`: why this node should not lead as things are, its disk for instance. */
  review(unable: string | null): void {
    if (unable !== null) return this.#ratherNot(unable);
    this.#doubts.well(this.#ports.nowMs());
  }

  /** Whoever can do better leads, a few times an hour at most; where nobody can, this node goes on and says why. */
  #ratherNot(reason: string, rest: Rest = "sent"): void {
    const { shell, nowMs, log } = this.#ports;
    if (shell.member.phase.kind !== "primary" || this.#leads === null) return;
    const before = this.#doubts.kept;
    if (this.#doubts.shouldGiveAway(reason, shell.member, nowMs())) return this.#giveAway(reason, rest);
    const { kept } = this.#doubts;
    if (kept !== before) log.warn({ reason: kept }, "this node would rather not lead");
  }

  confirm(n: number): void {
    if (this.#replication === null) this.#ports.app.send({ kind: "confirmed", n, outcome: "unknown" });
    else this.#replication.confirm(n);
  }

  /** What the ledger holds, at a position that the standby has confirmed. */
  async digest(): Promise<ReadOutcome & { readonly epoch: number }> {
    const replication = this.#replication;
    const epoch = replication?.epoch ?? 0;
    if (replication === null || !this.ledgerOpen) return { kind: "refused", epoch, reason: "its ledger is not open" };
    return { epoch, ...(await this.#ports.reader.read(() => replication.syncedTxid())) };
  }

  /** Rule 10: everything confirmed, the app dead, then the release. False: put back as it was. */
  async handOver(successor: string, drainLimitMs: number): Promise<{ done: boolean; reason: string }> {
    const { app, shell } = this.#ports;
    const { phase } = shell.member;
    if (phase.kind !== "primary") return { done: false, reason: "this node does not lead" };
    const putBack = (reason: string): { done: boolean; reason: string } => {
      app.send({ kind: "resume" });
      return { done: false, reason };
    };
    if (app.openEpoch !== null && !(await app.drain(drainLimitMs))) return putBack("the app did not drain in time");
    const flushed = (await this.#replication?.flush(drainLimitMs)) ?? false;
    const { record } = shell.member.voter;
    if (!flushed || record?.sync.inSync.includes(successor) !== true)
      return putBack("the standby did not confirm everything");
    if (!this.#stillLeads(phase.epoch)) return { done: false, reason: "the lease was lost meanwhile" };
    await this.#stopActing();
    shell.feed({ kind: "release", successor });
    return { done: true, reason: "released" };
  }

  async stop(): Promise<void> {
    await this.#stopActing();
  }

  async #stopActing(): Promise<void> {
    this.#leads = null;
    const replication = this.#replication;
    this.#replication = null;
    this.#ports.link.send({ kind: "send-stop" });
    await Promise.all([this.#ports.app.kill(), replication?.stop(), this.#ports.reader.stop()]);
  }

  /** This node cannot do the job: the lease goes to whoever can, with all that was committed where that is sound. */
  #giveAway(reason: string, rest: Rest = "sent"): void {
    const { shell, nowMs, steppedDown, log } = this.#ports;
    const { phase, peer, voter } = shell.member;
    this.#doubts.givenAway(reason, nowMs());
    if (phase.kind !== "primary") return;
    log.warn({ epoch: phase.epoch, reason }, "giving the lease away");
    const replication = this.#replication;
    this.#leads = null;
    void this.#ports.app
      .kill()
      .then(() => {
        if (rest === "left-alone") return;
        // No app opens this ledger any more: Litestream may take what is left in it.
        replication?.goOn();
        return replication?.flush(voter.timing.syncLimitMs);
      })
      .then(() => this.#stopActing())
      .then(() => {
        shell.feed({ kind: "release", successor: peer });
        steppedDown(phase.epoch, reason.slice(0, 500));
      });
  }

  #lostEstimate(cause: PromotionCause, { received }: OnDisk): number | null {
    const { member } = this.#ports.shell;
    const said = member.peer === null ? null : remoteOf(member, member.peer).position;
    const taken = cause === "failover" || cause === "forced";
    if (!taken || said === null || received === null || said.epoch !== received.epoch) return null;
    return Math.max(0, said.txid - received.txid);
  }

  #stillLeads(epoch: number): boolean {
    const { shell, nowMs } = this.#ports;
    const { phase } = shell.member;
    // After a stalled loop the lease may be over although nobody has said so yet.
    return phase.kind === "primary" && phase.epoch === epoch && nowMs() < validUntilMs(shell.member);
  }

  async #perform(step: PromotionStep): Promise<void> {
    if (step.kind === "open-ledger") {
      this.#leads = step.epoch;
      this.#openLedger(step.epoch);
      await this.#opened(step.epoch);
    } else if (step.kind === "start-replication") this.#startReplication(step.epoch);
    else await this.#ports.disk.perform(step);
  }

  #openLedger(epoch: number): void {
    const { app, disk, shell } = this.#ports;
    if (!app.ready) return;
    const validUntilNs = this.#ports.hrtimeNsAt(validUntilMs(shell.member));
    app.send({ kind: "promote", epoch, ledger: disk.ledgerPath, validUntilNs });
  }

  async #opened(epoch: number): Promise<void> {
    const { shell, app } = this.#ports;
    const opened = await shell.until(() => app.openEpoch === epoch || !this.#stillLeads(epoch), openLimitMs);
    if (!opened) throw new Error("the app did not open the ledger in time");
  }

  #startReplication(epoch: number): void {
    const { shell, app, link, nowMs, startReplicator, confirmed, log } = this.#ports;
    this.#replication = new Replication(epoch, app.openEpoch !== null, {
      shell,
      nowMs,
      startReplicator,
      answer: (n, outcome, waitedMs) => {
        app.send({ kind: "confirmed", n, outcome });
        confirmed(outcome, waitedMs);
      },
      log,
    });
    this.#replication.run();
    if (link.connectorPort !== null) this.#replication.onConnector(link.connectorPort);
    this.aimLink();
  }

  /** Tells the link where the replica goes; also when the roster changed. */
  aimLink(): void {
    const peer = this.#ports.peerReceiver();
    if (this.#replication === null) return;
    if (peer === null) this.#ports.link.send({ kind: "send-stop" });
    else this.#ports.link.send({ kind: "send", epoch: this.#replication.epoch, peer });
  }
}
