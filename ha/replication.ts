import type { Logger } from "pino";
import { mayConfirmAlone, mayExpand, mayShrink } from "./core/acknowledgement.ts";
import { validUntilMs } from "./core/validity.ts";
import { Confirmer } from "./confirmer.ts";
import type { ConfirmMode } from "./confirmer.ts";
import type { LeaseShell } from "./lease-shell.ts";
import type { FromLink } from "./link/protocol.ts";
import { LitestreamKeeper } from "./litestream-keeper.ts";
import type { Replicator } from "./replicator.ts";
import { StandbyCopy } from "./standby-copy.ts";

type PeerState = Extract<FromLink, { kind: "peer" }>;

export type ReplicationPorts = {
  readonly shell: LeaseShell;
  readonly nowMs: () => number;
  readonly startReplicator: (epoch: number, connectorPort: number) => Replicator;
  readonly answer: (n: number, outcome: "confirmed" | "unknown", waitedMs: number) => void;
  readonly log: Logger;
};

/** A first upload may take as long as Litestream gives one request. */
const bootstrapSyncLimitMs = 30_000;
const syncPauseMsMax = 2_000;

/**
 * The primary's side of replication, for one epoch: runs Litestream while the standby receives, answers requests for
 * confirmation, and moves the standby in and out of the set of those that hold everything confirmed.
 */
export class Replication {
  readonly epoch: number;
  readonly #ports: ReplicationPorts;
  readonly #confirmer: Confirmer;
  readonly #copy: StandbyCopy;
  readonly #litestream: LitestreamKeeper;
  #timer: NodeJS.Timeout | null = null;
  /** Since when syncs fail, whoever is to blame; a receiver that answers and takes nothing is no better than none. */
  #unsyncedSinceMs: number | null = null;
  #syncReason = "";
  #syncFailures = 0;
  #syncAfterMs = 0;
  /** Rule 14: set before the sync that proves a standby complete starts; nothing is confirmed alone meanwhile. */
  #joiningDisk: string | null = null;
  /** What it must say that it has by then. */
  #joiningTxid = 0;
  #sync: Promise<boolean> | null = null;
  /** No app has the ledger open, so nothing is written that a sync could take. */
  #held: boolean;
  #txid = 0;
  #lastSyncedMs: number | null = null;
  #stopped = false;

  constructor(epoch: number, ledgerOpen: boolean, ports: ReplicationPorts) {
    this.epoch = epoch;
    this.#held = !ledgerOpen;
    this.#ports = ports;
    this.#copy = new StandbyCopy(epoch, ports.nowMs());
    const { leaseMs } = ports.shell.member.voter.timing;
    const { nowMs, startReplicator: start, log } = ports;
    const trouble = (reason: string): void => {
      this.#syncReason = reason;
    };
    this.#litestream = new LitestreamKeeper(epoch, { nowMs, start, trouble, leaseMs, log });
    this.#confirmer = new Confirmer(
      {
        nowMs: ports.nowMs,
        mode: () => this.#mode(),
        answer: ports.answer,
        sync: () => this.#syncAfterNow(),
      },
      leaseMs,
    );
  }

  get pid(): number | null {
    return this.#litestream.current?.pid ?? null;
  }

  /** Newest transaction that Litestream has seen in this epoch. */
  get txid(): number {
    return this.#txid;
  }

  get lastSyncedMs(): number | null {
    return this.#lastSyncedMs;
  }

  get peer(): PeerState | null {
    return this.#copy.state;
  }

  /** Why the standby does not have everything, as far as this side knows; null while it does. */
  get trouble(): string | null {
    if (this.#inSet) return null;
    const { state } = this.#copy;
    const reason = state?.receiving === true ? this.#syncReason : (state?.reason ?? "");
    return reason === "" ? null : `The standby does not take the replica: ${reason}`;
  }

  run(): void {
    this.#timer = setInterval(() => this.#review(), this.#ports.shell.member.voter.timing.tickMs);
  }

  /** Ends confirming at once; resolves when Litestream is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#confirmer.abandon();
    await this.#litestream.kill();
  }

  /**
   * The app is gone; resolves when Litestream is too. What an app that died within a commit left in the log, Litestream
   * may have taken, and SQLite forgets while anybody has the ledger open: the replica would silently lack what follows.
   */
  async hold(): Promise<void> {
    this.#held = true;
    await this.#litestream.kill();
  }

  /** Another app has the ledger open. */
  goOn(): void {
    this.#held = false;
    this.#litestream.hurry();
    this.#review();
  }

  confirm(n: number): void {
    this.#confirmer.request(n);
  }

  onPeer(state: PeerState): void {
    const { otherDisk, lacks } = this.#copy.hear(state, this.#txid, this.#ports.nowMs());
    if (lacks) this.#startAnew();
    if (otherDisk) this.#detach("the standby's disk is another one");
    this.#review();
  }

  /** What this epoch's replica has become cannot be completed there: a higher one begins with everything. */
  #startAnew(): void {
    this.#detach("its disk lacks what it had; it gets everything anew");
    this.#ports.shell.feed({ kind: "raise" });
  }

  onConnector(port: number): void {
    this.#litestream.onConnector(port);
  }

  /** True when everything committed before this call is on the standby's disk, within the limit. */
  async flush(limitMs: number): Promise<boolean> {
    const deadlineMs = this.#ports.nowMs() + limitMs;
    do {
      if (await this.#syncAfterNow()) return true;
      await new Promise((resolve) => setTimeout(resolve, this.#ports.shell.member.voter.timing.tickMs));
    } while (this.#ports.nowMs() < deadlineMs && !this.#stopped);
    return false;
  }

  /** The position of a sync that starts after this call; null when it did not come through. */
  async syncedTxid(): Promise<number | null> {
    return (await this.#syncAfterNow()) ? this.#txid : null;
  }

  get #inSet(): boolean {
    const { peer, voter } = this.#ports.shell.member;
    return peer !== null && (voter.record?.sync.inSync ?? []).includes(peer);
  }

  #mode(): ConfirmMode {
    const { shell, nowMs } = this.#ports;
    const { phase } = shell.member;
    const leads = phase.kind === "primary" && nowMs() < validUntilMs(shell.member);
    if (!leads || this.#stopped) return "wait";
    if (this.#inSet || this.#joiningDisk !== null) return "with-standby";
    return shell.durable && mayConfirmAlone(shell.member) ? "alone" : "wait";
  }

  #review(): void {
    if (this.#stopped) return;
    const nowMs = this.#ports.nowMs();
    const { syncLimitMs, leaseMs, beatMs } = this.#ports.shell.member.voter.timing;
    const late = (sinceMs: number | null, limitMs: number): boolean => sinceMs !== null && nowMs - sinceMs > limitMs;
    // While no app has the ledger open, nothing is written that the standby could lack.
    if (this.#held) this.#unsyncedSinceMs = null;
    else if (this.#litestream.current === null && this.#inSet) this.#unsyncedSinceMs ??= nowMs;
    // A smaller set that nobody acknowledges frees nobody. Where a voter records it and its answer is lost, it would
    // only keep the standby from leading once this lease is over.
    const useful = mayShrink(this.#ports.shell.member, nowMs);
    if (useful && late(this.#copy.awaySinceMs, syncLimitMs)) this.#detach(this.#copy.state?.reason ?? "");
    // One slow sync of a standby that is there is no reason: out of the set it could not take over.
    if (useful && late(this.#unsyncedSinceMs, leaseMs)) this.#detach(this.#syncReason);
    if (!mayExpand(this.#ports.shell.member)) this.#joiningDisk = null;
    this.#litestream.review(this.#copy.state?.receiving === true && !this.#held);
    const settled = this.#inSet && this.#lastSyncedMs !== null && nowMs - this.#lastSyncedMs < 2 * beatMs;
    const due = !settled && nowMs >= this.#syncAfterMs;
    if (this.#litestream.current !== null && this.#sync === null && due) void this.#syncAfterNow();
    this.#confirmer.review();
  }

  /** One sync that starts after this call; those who call meanwhile share the one after the running one. */
  async #syncAfterNow(): Promise<boolean> {
    const running = this.#sync;
    if (running !== null) {
      await running;
      if (this.#sync !== null && this.#sync !== running) return this.#sync;
    }
    const started = this.#syncOnce();
    this.#sync = started;
    const synced = await started;
    if (this.#sync === started) this.#sync = null;
    return synced;
  }

  async #syncOnce(): Promise<boolean> {
    const { shell, nowMs } = this.#ports;
    const replicator = this.#litestream.current;
    if (replicator === null || this.#stopped) return false;
    const joining = this.#joiningDisk;
    const startedMs = nowMs();
    const { syncLimitMs, beatMs } = shell.member.voter.timing;
    const outcome = await replicator.sync(this.#inSet || joining !== null ? syncLimitMs : bootstrapSyncLimitMs);
    if (this.#stopped) return false;
    if (outcome.kind === "unknown") {
      this.#unsyncedSinceMs ??= startedMs;
      this.#syncReason = outcome.reason;
      // One that fails at once must not be repeated as fast as it fails.
      this.#syncAfterMs = nowMs() + Math.min(beatMs * 2 ** this.#syncFailures, syncPauseMsMax);
      this.#syncFailures = Math.min(this.#syncFailures + 1, 10);
      return false;
    }
    this.#txid = outcome.txid;
    this.#lastSyncedMs = nowMs();
    this.#litestream.well();
    this.#syncFailures = 0;
    this.#unsyncedSinceMs = null;
    this.#syncReason = "";
    if (!this.#inSet) this.#join(joining);
    return true;
  }

  /** Two syncs make a member: the first brings it up, the second proves it complete while nothing is confirmed without it. */
  #join(provenDisk: string | null): void {
    const { shell, log } = this.#ports;
    const { disk } = this.#copy;
    // Not where joining was given up meanwhile: something may have been confirmed alone since that sync started.
    if (disk !== null && provenDisk === disk && this.#joiningDisk === disk) {
      // Its own word counts, and comes a moment later.
      if (this.#copy.txid < this.#joiningTxid) return;
      this.#joiningDisk = null;
      shell.feed({ kind: "expand" });
      if (this.#inSet) log.info({ epoch: this.epoch, peer: shell.member.peer }, "the standby is in sync");
      return;
    }
    this.#joiningDisk = mayExpand(shell.member) ? disk : null;
    this.#joiningTxid = this.#txid;
  }

  #detach(reason: string): void {
    this.#joiningDisk = null;
    if (!this.#inSet) return;
    this.#ports.log.warn({ epoch: this.epoch, reason }, "the standby does not receive; going on without it");
    this.#ports.shell.feed({ kind: "shrink" });
  }
}
