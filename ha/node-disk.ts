import { mkdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { OnDisk, PromotionStep } from "./core/promotion-plan.ts";
import type { Position } from "./core/messages.ts";
import { compareWithNewer, setAside, setCopyAside } from "./io/attic.ts";
import { Follower } from "./io/follower.ts";
import { adoptLedger, continueLedger, ledgerPath, putAside, readLineage } from "./io/ledger-files.ts";
import { removeRestored, restoreOnce } from "./io/litestream-restore.ts";
import { startReplication } from "./io/litestream.ts";
import type { LedgerDisk } from "./ledger-disk.ts";
import type { Replicator } from "./replicator.ts";
import type { FrozenCopy, RejoinOutcome, WarmCopy } from "./standby-duty.ts";

export type NodeDiskParts = {
  readonly dataDir: string;
  /** The Litestream program. */
  readonly binary: string;
  readonly credentials: { readonly TRADER_LINK_USER: string; readonly TRADER_LINK_PASSWORD: string };
  readonly log: Logger;
  readonly received: () => Position | null;
  /** Ends the standby's work on these files; answers its warm copy as it stands then. */
  readonly stopStandby: () => Promise<FrozenCopy | null>;
};

const configPath = fileURLToPath(new URL("../litestream.yml", import.meta.url));
const restoreLimitMs = 60_000;
const compareLimitMs = 60_000;

/** The ledger, the received replica, the warm copy and the attic of one node, and what moves between them. */
export class NodeDisk implements LedgerDisk {
  readonly ledgerPath: string;
  readonly #parts: NodeDiskParts;
  readonly #ledgerDir: string;
  #lineageEpoch: number | null;
  #frozen: FrozenCopy | null = null;
  /** A restored or frozen copy, on its way to become the ledger. */
  #candidate: string | null = null;

  constructor(parts: NodeDiskParts) {
    this.#parts = parts;
    this.#ledgerDir = join(parts.dataDir, "ledger");
    this.ledgerPath = ledgerPath(this.#ledgerDir);
    this.#lineageEpoch = readLineage(this.#ledgerDir)?.epoch ?? null;
  }

  onDisk(): OnDisk {
    return { lineageEpoch: this.#lineageEpoch, received: this.#parts.received() };
  }

  async perform(step: PromotionStep): Promise<void> {
    switch (step.kind) {
      case "stop-follower":
        this.#frozen = await this.#parts.stopStandby();
        return;
      case "apply-received":
        this.#candidate = this.#warmPath(step.upTo) ?? (await this.#restore(step.upTo, "promotion"));
        return;
      case "adopt-ledger":
        this.#adopt(this.#taken(), step.epoch);
        return;
      case "relabel-ledger":
        this.relabel(step.epoch);
        return;
      case "open-ledger":
      case "start-replication":
        throw new Error(`${step.kind} is not a step of the disk`);
    }
  }

  relabel(epoch: number): void {
    continueLedger(this.#ledgerDir, epoch);
    this.#lineageEpoch = epoch;
  }

  startReplicator(epoch: number, connectorPort: number): Replicator {
    const { binary, credentials, log, dataDir } = this.#parts;
    const runDir = join(dataDir, "run");
    const replication = startReplication({
      binary,
      configPath,
      target: {
        ledger: this.ledgerPath,
        replicaUrl: `http://127.0.0.1:${connectorPort}`,
        replicaPath: `/e/${epoch}`,
        user: credentials.TRADER_LINK_USER,
        password: credentials.TRADER_LINK_PASSWORD,
        socket: join(runDir, "litestream.sock"),
      },
      env: process.env,
      runDir,
      log,
    });
    const { child } = replication;
    return {
      pid: child.pid,
      exited: child.exited,
      kill: () => child.kill(),
      sync: (limitMs) => replication.sync(limitMs),
      responds: async () => (await replication.position()) !== null,
    };
  }

  startWarmCopy(epoch: number): WarmCopy {
    const { binary, dataDir, log } = this.#parts;
    const follower = new Follower({
      binary,
      replicaDir: this.#replicaDir(epoch),
      outputDir: join(dataDir, "follower"),
      received: () => {
        const received = this.#parts.received();
        return received?.epoch === epoch ? received.txid : null;
      },
      env: process.env,
      runDir: join(dataDir, "run"),
      log,
    });
    follower.run();
    return {
      epoch,
      pid: () => follower.pid,
      freeze: async () => {
        const frozen = await follower.freeze();
        return frozen === null ? null : { ...frozen, epoch };
      },
    };
  }

  /** [HA-9] Rows that only the old ledger has are set aside with it; an old ledger without any is let go. */
  async rejoin(epoch: number, signal: AbortSignal): Promise<RejoinOutcome> {
    const newer = await this.#restore({ epoch, txid: 0 }, "rejoin");
    const tail = await compareWithNewer({
      ledgerDir: this.#ledgerDir,
      newer,
      limitMs: compareLimitMs,
      env: process.env,
    });
    await removeRestored(newer);
    if (signal.aborted || tail.kind === "none") {
      if (!signal.aborted) putAside(this.#ledgerDir, { kind: "discard" });
      this.#lineageEpoch = signal.aborted ? this.#lineageEpoch : null;
      return { tailRows: 0, attic: null };
    }
    const attic = setAside({ ...this.#attic(), summary: tail });
    this.#lineageEpoch = null;
    return { tailRows: tail.kind === "tail" ? tail.rows : null, attic };
  }

  /** A ledger that nobody has compared with anything may hold a tail: it is kept. */
  #adopt(from: string, epoch: number): void {
    if (this.#lineageEpoch !== null) {
      setAside({
        ...this.#attic(),
        summary: { kind: "unknown", reason: "this node was promoted before it was compared" },
      });
    }
    adoptLedger({ from, ledgerDir: this.#ledgerDir, epoch, old: { kind: "discard" } });
    this.#lineageEpoch = epoch;
  }

  /** Size of the warm copy; null: there is none. */
  async copyBytes(): Promise<number | null> {
    return (await stat(this.#warmFile).catch(() => null))?.size ?? null;
  }

  /** The whole copy of a standby goes to the attic; nobody receives or follows meanwhile. Answers where it is now. */
  setCopyAside(at: Position): string {
    const attic = setCopyAside({
      replicaDir: join(this.#parts.dataDir, "replica"),
      warmCopy: this.#warmFile,
      ledgerDir: this.#ledgerDir,
      atticDir: join(this.#parts.dataDir, "attic"),
      nowMs: Date.now(),
      at,
    });
    this.#lineageEpoch = null;
    return attic;
  }

  get #warmFile(): string {
    return join(this.#parts.dataDir, "follower", "ledger.db");
  }

  #attic() {
    return {
      ledgerDir: this.#ledgerDir,
      atticDir: join(this.#parts.dataDir, "attic"),
      nowMs: Date.now(),
      epoch: this.#lineageEpoch,
    };
  }

  /** Null unless the warm copy has applied everything up to there. */
  #warmPath({ epoch, txid }: Position): string | null {
    const frozen = this.#frozen;
    return frozen !== null && frozen.epoch === epoch && frozen.txid >= txid ? frozen.path : null;
  }

  /** What was received of an epoch as one file; throws when that does not reach as far as it must. [HA-6] */
  async #restore({ epoch, txid }: Position, purpose: string): Promise<string> {
    const { binary, dataDir } = this.#parts;
    const folder = join(dataDir, "scratch");
    const output = join(folder, `${purpose}.db`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const replicaDir = this.#replicaDir(epoch);
    const outcome = await restoreOnce({ binary, replicaDir, output, limitMs: restoreLimitMs, env: process.env });
    if (outcome.kind === "nothing") throw new Error(`${replicaDir}: no complete history is there`);
    if (outcome.txid < txid) throw new Error(`${replicaDir}: ${txid} was received, ${outcome.txid} can be restored`);
    return output;
  }

  #taken(): string {
    if (this.#candidate === null) throw new Error("no copy was taken or restored");
    return this.#candidate;
  }

  #replicaDir(epoch: number): string {
    return join(this.#parts.dataDir, "replica", "e", String(epoch));
  }
}
