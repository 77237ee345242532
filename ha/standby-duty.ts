import type { Logger } from "pino";
import type { Member } from "./core/member.ts";
import type { Position } from "./core/messages.ts";

/** The warm copy: `restore -f` of one epoch's received files. */
export type WarmCopy = {
  readonly epoch: number;
  readonly pid: () => number | null;
  /** Ends following for good; answers the file as it stands then, null when there is none. */
  readonly freeze: () => Promise<FrozenCopy | null>;
};

/** A file that nobody writes any more, and exactly the position that it holds. */
export type FrozenCopy = { readonly path: string; readonly epoch: number; readonly txid: number };

/** `tailRows` null: there may be a tail that could not be counted. */
export type RejoinOutcome = { readonly tailRows: number | null; readonly attic: string | null };

export type StandbyPorts = {
  /** Newest position that the receiver made durable. */
  readonly received: () => Position | null;
  readonly lineageEpoch: () => number | null;
  readonly startWarmCopy: (epoch: number) => WarmCopy;
  /** Compares this node's old ledger with what it now receives; sets a tail aside, forgets the rest. */
  readonly rejoin: (epoch: number, signal: AbortSignal) => Promise<RejoinOutcome>;
  /** Forgets what was received in other epochs. */
  readonly prune: (keep: readonly number[]) => void;
  readonly rejoined: (fromEpoch: number | null, toEpoch: number, outcome: RejoinOutcome) => void;
  readonly log: Logger;
};

/**
 * What this node does while another leads: keeps a warm copy, and once it holds everything confirmed of the present
 * epoch, lets go of what it had before. Until then the old copy stays whole (rule 12).
 */
export class StandbyDuty {
  readonly #ports: StandbyPorts;
  #warm: WarmCopy | null = null;
  #stopping: Promise<unknown> = Promise.resolve();
  #dropping = false;
  #settledEpoch: number | null = null;
  #rejoining: { readonly abort: AbortController; readonly done: Promise<void> } | null = null;
  #retryAfterMs = 0;

  constructor(ports: StandbyPorts) {
    this.#ports = ports;
  }

  get warm(): WarmCopy | null {
    return this.#warm;
  }

  /** To be called at every change and on a timer. */
  review(member: Member, nowMs: number): void {
    const { record, name } = member.voter;
    if (member.phase.kind !== "standby" || record === null || record.holder === null || record.holder === name) return;
    const received = this.#ports.received();
    if (received === null || received.epoch !== record.epoch) return;
    if (this.#warm !== null && this.#warm.epoch !== record.epoch) this.#dropWarm(this.#warm);
    if (this.#dropping) return;
    this.#warm ??= this.#ports.startWarmCopy(record.epoch);
    const complete = record.sync.setEpoch === record.epoch && record.sync.inSync.includes(name);
    if (complete && this.#settledEpoch !== record.epoch && this.#rejoining === null && nowMs >= this.#retryAfterMs) {
      this.#retryAfterMs = nowMs + 10_000;
      this.#rejoin(record.epoch);
    }
  }

  /** Before a promotion: nothing of this node's standby life touches its files any more. */
  async stop(): Promise<FrozenCopy | null> {
    this.#rejoining?.abort.abort();
    this.#settledEpoch = null;
    const warm = this.#warm;
    this.#warm = null;
    const [frozen] = await Promise.all([warm?.freeze() ?? null, this.#stopping, this.#rejoining?.done]);
    return frozen;
  }

  #dropWarm(warm: WarmCopy): void {
    this.#warm = null;
    this.#dropping = true;
    // The next copy is made in the same folder.
    this.#stopping = warm.freeze().finally(() => {
      this.#dropping = false;
    });
  }

  #rejoin(epoch: number): void {
    const abort = new AbortController();
    const done = this.#settle(epoch, abort.signal)
      .catch((error: unknown) =>
        this.#ports.log.error({ err: error, epoch }, "the old copy could not be compared; it stays"),
      )
      .finally(() => {
        this.#rejoining = null;
      });
    this.#rejoining = { abort, done };
  }

  async #settle(epoch: number, signal: AbortSignal): Promise<void> {
    const { lineageEpoch, rejoin, rejoined, prune } = this.#ports;
    const from = lineageEpoch();
    const outcome = from === null ? { tailRows: 0, attic: null } : await rejoin(epoch, signal);
    if (signal.aborted) return;
    this.#settledEpoch = epoch;
    prune([epoch]);
    rejoined(from, epoch, outcome);
  }
}
