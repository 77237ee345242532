import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { OnDisk, PromotionStep } from "./core/promotion-plan.ts";
import type { Position } from "./core/messages.ts";
import { compareLedgers, setAside } from "./io/attic.ts";
import { checkDatabase } from "./io/check-database.ts";
import { Follower } from "./io/follower.ts";
import { adoptLedger, readLineage, relabelLedger, removeLedger } from "./io/ledger-files.ts";
import { restoreOnce } from "./io/litestream-restore.ts";
import { startReplication } from "./io/litestream.ts";
import type { LedgerDisk } from "./primary-duty.ts";
import type { Replicator } from "./replication.ts";
import type { FrozenCopy, RejoinOutcome, WarmCopy } from "./standby-duty.ts";

export type NodeDiskParts = {
  readonly dataDir: string;
  /** The Litestream program. */
  readonly binary: string;
  readonly credentials: { readonly TRADER_LINK_USER: string; readonly TRADER_LINK_PASSWORD: string };
  readonly log: Logger;
  received(): Position | null;
  /** Ends the standby's work on these files; answers its warm copy as it stands then. */
  stopStandby(): Promise<FrozenCopy | null>;
};

const configPath = fileURLToPath(new URL("../litestream.yml", import.meta.url));
const restoreLimitMs = 60_000;

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
    this.ledgerPath = join(this.#ledgerDir, "ledger.db");
    this.#lineageEpoch = readLineage(this.#ledgerDir);
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
        this.#candidate = this.#warmPath(step.upTo) ?? (await this.#restore(step.upTo.epoch, "promotion"));
        return;
      case "check-database":
        await checkDatabase(this.#taken());
        return;
      case "adopt-ledger":
        await adoptLedger({
          from: this.#taken(),
          ledgerDir: this.#ledgerDir,
          epoch: step.epoch,
          atticDir: join(this.#parts.dataDir, "attic"),
        });
        this.#lineageEpoch = step.epoch;
        return;
      case "relabel-ledger":
        return this.relabel(step.epoch);
      case "open-ledger":
      case "start-replication":
        throw new Error(`${step.kind} is not a step of the disk`);
    }
  }

  async relabel(epoch: number): Promise<void> {
    await relabelLedger(this.#ledgerDir, epoch);
    this.#lineageEpoch = epoch;
  }

  startReplicator(epoch: number, connectorPort: number): Replicator {
    const { binary, credentials, log, dataDir } = this.#parts;
    const runDir = join(dataDir, "run");
    const { child, sync } = startReplication({
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
    return { pid: child.pid, exited: child.exited, kill: () => child.kill(), sync };
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
    const newer = await this.#restore(epoch, "rejoin");
    const comparison = await compareLedgers({ older: this.ledgerPath, newer });
    rmSync(newer, { force: true });
    if (signal.aborted) return { tailRows: 0, attic: null };
    const tailRows = comparison.tailRows;
    const attic =
      tailRows === 0
        ? null
        : await setAside({
            ledgerDir: this.#ledgerDir,
            atticDir: join(this.#parts.dataDir, "attic"),
            nowMs: Date.now(),
            epoch: this.#lineageEpoch ?? 0,
            summary: comparison,
          });
    if (attic === null) await removeLedger(this.#ledgerDir);
    this.#lineageEpoch = null;
    return { tailRows, attic };
  }

  /** Null unless the warm copy has applied everything up to there. */
  #warmPath({ epoch, txid }: Position): string | null {
    const frozen = this.#frozen;
    return frozen !== null && frozen.epoch === epoch && frozen.txid >= txid ? frozen.path : null;
  }

  async #restore(epoch: number, purpose: string): Promise<string> {
    const { binary, dataDir } = this.#parts;
    const folder = join(dataDir, "scratch");
    const output = join(folder, `${purpose}.db`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const replicaDir = this.#replicaDir(epoch);
    const outcome = await restoreOnce({ binary, replicaDir, output, limitMs: restoreLimitMs, env: process.env });
    if (outcome.kind === "nothing") throw new Error(`${replicaDir}: no complete history is there`);
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
