/** How the primary may call a write confirmed at this moment. */
export type ConfirmMode =
  /** The standby is in the set, or about to be: only its acknowledgement counts. */
  | "with-standby"
  /** The set is this node alone, and another voter has recorded exactly that. */
  | "alone"
  /** Neither holds now. */
  | "wait";

type Pending = {
  readonly n: number;
  readonly needsSync: number;
  readonly askedMs: number;
  readonly deadlineMs: number;
};

export type ConfirmerPorts = {
  readonly nowMs: () => number;
  readonly mode: () => ConfirmMode;
  readonly answer: (n: number, outcome: "confirmed" | "unknown", waitedMs: number) => void;
  /** Starts one sync; the confirmer reports its end to itself. Resolves true when everything committed before it is durable on the standby. */
  readonly sync: () => Promise<boolean>;
};

/** More requests than this at once are answered unknown. */
const pendingMax = 1_000;

/**
 * Answers requests for confirmation. A request counts on a sync that started after it: Litestream merges many
 * commits into one transaction, so the app cannot name its own. Too late is unknown, never failed.
 */
export class Confirmer {
  readonly #ports: ConfirmerPorts;
  readonly #limitMs: number;
  #pending: Pending[] = [];
  #syncsStarted = 0;
  #syncing = false;

  constructor(ports: ConfirmerPorts, limitMs: number) {
    this.#ports = ports;
    this.#limitMs = limitMs;
  }

  request(n: number): void {
    if (this.#pending.length >= pendingMax) return this.#ports.answer(n, "unknown", 0);
    const askedMs = this.#ports.nowMs();
    this.#pending.push({ n, needsSync: this.#syncsStarted + 1, askedMs, deadlineMs: askedMs + this.#limitMs });
    this.review();
  }

  /** To be called whenever the mode may have changed, and on a timer. */
  review(): void {
    const nowMs = this.#ports.nowMs();
    this.#settle(({ deadlineMs }) => nowMs >= deadlineMs, "unknown");
    if (this.#pending.length === 0) return;
    const mode = this.#ports.mode();
    if (mode === "alone") this.#settle(() => true, "confirmed");
    if (mode === "with-standby" && !this.#syncing) void this.#sync();
  }

  /** The lease is over: what waits is unknown. */
  abandon(): void {
    this.#settle(() => true, "unknown");
  }

  async #sync(): Promise<void> {
    this.#syncing = true;
    this.#syncsStarted += 1;
    const started = this.#syncsStarted;
    const synced = await this.#ports.sync();
    this.#syncing = false;
    // After a failed one the caller's timer asks again: no loop that is as fast as the failure.
    if (!synced) return;
    if (this.#ports.mode() !== "wait") this.#settle(({ needsSync }) => needsSync <= started, "confirmed");
    this.review();
  }

  #settle(which: (pending: Pending) => boolean, outcome: "confirmed" | "unknown"): void {
    const settled = this.#pending.filter(which);
    if (settled.length === 0) return;
    this.#pending = this.#pending.filter((pending) => !which(pending));
    const nowMs = this.#ports.nowMs();
    for (const { n, askedMs } of settled) this.#ports.answer(n, outcome, nowMs - askedMs);
  }
}
