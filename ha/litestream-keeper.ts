import type { Logger } from "pino";
import type { Replicator } from "./replicator.ts";

export type LitestreamKeeperPorts = {
  readonly nowMs: () => number;
  /** Throws where it cannot be started, for want of disk space for instance. */
  readonly start: (epoch: number, connectorPort: number) => Replicator;
  /** Why nothing is synced. */
  readonly trouble: (reason: string) => void;
  readonly leaseMs: number;
  readonly log: Logger;
};

const restartAfterMs = [0, 200, 500, 1_000, 2_000, 5_000] as const;
/** Litestream that neither synced nor answered for so long is replaced: judged by progress, not by being alive. */
const stallMsMin = 5_000;
const stallLeases = 3;

/** The Litestream of one epoch: started while it may run, started again when it ends, replaced when it stands still. */
export class LitestreamKeeper {
  readonly #epoch: number;
  readonly #ports: LitestreamKeeperPorts;
  #replicator: Replicator | null = null;
  #replicatorPort: number | null = null;
  #connectorPort: number | null = null;
  #mayRun = false;
  #failures = 0;
  #startAfterMs = 0;
  /** When it last synced or answered. */
  #signMs = 0;
  #asking = false;

  constructor(epoch: number, ports: LitestreamKeeperPorts) {
    this.#epoch = epoch;
    this.#ports = ports;
  }

  /** The one that runs; null while none does. */
  get current(): Replicator | null {
    return this.#replicator;
  }

  /** Where the connector listens; one that was started for another port is ended. */
  onConnector(port: number): void {
    this.#connectorPort = port;
    if (this.#replicator !== null && this.#replicatorPort !== port) void this.#replicator.kill();
  }

  /** The next one is started without a pause. */
  hurry(): void {
    this.#startAfterMs = 0;
  }

  /** It synced. */
  well(): void {
    this.#signMs = this.#ports.nowMs();
    this.#failures = 0;
  }

  /** To be called on a timer and at every change; `mayRun`: the standby receives, and an app has the ledger open. */
  review(mayRun: boolean): void {
    this.#mayRun = mayRun;
    this.#startIfNeeded();
    this.#askIfStalled();
  }

  /** Resolves when it is gone; another one may be started by a later review. */
  async kill(): Promise<void> {
    this.#mayRun = false;
    await this.#replicator?.kill();
  }

  #startIfNeeded(): void {
    const { nowMs, start, trouble, log } = this.#ports;
    if (this.#replicator !== null || !this.#mayRun || this.#connectorPort === null || nowMs() < this.#startAfterMs)
      return;
    this.#failures += 1;
    const wait = restartAfterMs[Math.min(this.#failures, restartAfterMs.length - 1)] ?? 0;
    this.#startAfterMs = nowMs() + wait;
    let started: Replicator;
    try {
      started = start(this.#epoch, this.#connectorPort);
    } catch (error) {
      // No reason to stop the work.
      trouble(`Litestream cannot be started: ${error instanceof Error ? error.message : "unknown"}`);
      log.error({ err: error, epoch: this.#epoch }, "Litestream cannot be started");
      return;
    }
    this.#replicator = started;
    this.#replicatorPort = this.#connectorPort;
    this.#signMs = nowMs();
    void started.exited.then(() => {
      if (this.#replicator === started) this.#replicator = null;
      if (this.#mayRun) log.warn({ epoch: this.#epoch, againInMs: wait }, "Litestream ended");
    });
  }

  #askIfStalled(): void {
    const { nowMs, trouble, leaseMs, log } = this.#ports;
    const replicator = this.#replicator;
    const stallMs = Math.max(stallMsMin, stallLeases * leaseMs);
    if (replicator === null || this.#asking || nowMs() - this.#signMs < stallMs) return;
    this.#asking = true;
    void replicator.responds().then((responds) => {
      this.#asking = false;
      this.#signMs = nowMs();
      if (responds || this.#replicator !== replicator) return;
      log.error({ epoch: this.#epoch, pid: replicator.pid }, "Litestream does not answer; killing it");
      trouble("Litestream did not answer and is started again");
      replicator.kill().catch((error: unknown) => log.error({ err: error }, "Litestream could not be killed"));
    });
  }
}
