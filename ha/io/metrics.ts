import { monitorEventLoopDelay } from "node:perf_hooks";
import type { AgentView } from "../core/health.ts";
import type { HistoryEvent } from "./history.ts";
import { residentBytes } from "./proc.ts";
import { Counter, Gauge, Histogram, Registry } from "./prom-client.ts";

const seconds = (ms: number): number => ms / 1_000;
const bit = (holds: boolean): number => (holds ? 1 : 0);

const roles = ["primary", "standby", "starting", "stepping-down"] as const;
const causes = ["failover", "switchover", "start", "forced"] as const;
/** From the flush of a fast disk to a confirmation that waited for a whole lease. */
const confirmBucketsSeconds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** What Prometheus may ask of an agent: some things are counted as they happen, the rest is read at each scrape. */
export class AgentMetrics {
  readonly #counted = new Registry();
  readonly #promotions;
  readonly #setChanges;
  readonly #confirms;
  readonly #verifications;
  readonly #delay = monitorEventLoopDelay({ resolution: 50 });
  readonly #nowMs: () => number;
  #caughtUpAtMs: number | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    const registers = [this.#counted];
    this.#promotions = new Counter({
      name: "ha_promotions_total",
      help: "Times this node became primary, by cause.",
      labelNames: ["cause"],
      registers,
    });
    for (const cause of causes) this.#promotions.inc({ cause }, 0);
    this.#setChanges = new Counter({
      name: "ha_set_changes_total",
      help: "Changes of the set of nodes that hold everything confirmed, made by this node.",
      registers,
    });
    this.#verifications = new Counter({
      name: "ha_verifications_total",
      help: "Times this node's copy was restored and compared with what the primary has, by outcome.",
      labelNames: ["outcome"],
      registers,
    });
    for (const outcome of ["sound", "damaged"]) this.#verifications.inc({ outcome }, 0);
    this.#confirms = new Histogram({
      name: "ha_confirm_seconds",
      help: "From a request for confirmation to its answer.",
      labelNames: ["outcome"],
      buckets: confirmBucketsSeconds,
      registers,
    });
  }

  run(): void {
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  /** Counts what was written down as it happened. */
  note(event: HistoryEvent): void {
    if (event.kind === "verified") this.#verifications.inc({ outcome: event.outcome.kind });
    if (event.kind === "promoted") this.#promotions.inc({ cause: event.cause });
    if (event.kind === "set-changed") this.#setChanges.inc();
  }

  confirmed(outcome: "confirmed" | "unknown", waitedMs: number): void {
    this.#confirms.observe({ outcome }, seconds(waitedMs));
  }

  /** To be called on a timer: the lag in seconds runs from when the standby was last seen not to be behind. */
  observe(view: AgentView): void {
    if (view.peer?.lagTxids === 0) this.#caughtUpAtMs = this.#nowMs();
  }

  /** The text exposition of this instant. */
  async text(view: AgentView): Promise<string> {
    const behindMs = this.#caughtUpAtMs === null ? null : this.#nowMs() - this.#caughtUpAtMs;
    const now = new Snapshot();
    describeNode(now, view);
    describePair(now, view, behindMs);
    describeVerified(now, view);
    describeProcesses(now, view);
    const loop = "Longest delay of the agent's loop since the last scrape.";
    now.gauge("ha_loop_delay_seconds", loop, this.#delay.max / 1e9);
    this.#delay.reset();
    return `${await now.registry.metrics()}\n${await this.#counted.metrics()}`;
  }

  get contentType(): string {
    return this.#counted.contentType;
  }
}

type Labels = Readonly<Record<string, string>>;

/** What is read at one scrape: made anew for each, so that no label of before stays. */
class Snapshot {
  readonly registry = new Registry();

  gauge(name: string, help: string, value: number): void {
    new Gauge({ name, help, registers: [this.registry] }).set(value);
  }

  gauges(name: string, help: string, rows: readonly (readonly [Labels, number])[]): void {
    const gauge = new Gauge({ name, help, labelNames: labelNames(rows), registers: [this.registry] });
    for (const [labels, value] of rows) gauge.set(labels, value);
  }

  /** Counted elsewhere since the agent started. */
  totals(name: string, help: string, rows: readonly (readonly [Labels, number])[]): void {
    const counter = new Counter({ name, help, labelNames: labelNames(rows), registers: [this.registry] });
    for (const [labels, value] of rows) counter.inc(labels, value);
  }
}

const labelNames = (rows: readonly (readonly [Labels, number])[]): string[] => Object.keys(rows[0]?.[0] ?? {});

function describeNode(now: Snapshot, view: AgentView): void {
  const { role, position, inSync, node } = view;
  now.gauges(
    "ha_role",
    "1 for what this node is.",
    roles.map((one) => [{ role: one }, bit(role === one)]),
  );
  now.gauge("ha_primary", "1 with a valid lease and the ledger open.", bit(view.leaseLeftMs > 0 && view.ledgerOpen));
  now.gauge("ha_epoch", "The newest epoch that this node knows of.", view.epoch);
  now.gauge("ha_lease_left_seconds", "How long this node's own lease still runs.", seconds(view.leaseLeftMs));
  now.gauge("ha_position_epoch", "Epoch of this node's copy of the database.", position.epoch);
  now.gauge("ha_position_txid", "Transaction of this node's copy, as Litestream counts them.", position.txid);
  now.gauge("ha_in_sync", "1 when this node holds everything confirmed.", bit(inSync.includes(node)));
  now.gauge("ha_reasons", "Sentences about what is not as it should be.", view.reasons.length);
  const counters = Object.entries(view.counters).map(([what, n]) => [what.split(":"), n] as const);
  now.totals(
    "ha_datagrams_total",
    "Heartbeat datagrams taken and sent.",
    counters.flatMap(([[direction = "", reason], n]) => (reason === undefined ? [[{ direction }, n]] : [])),
  );
  now.totals(
    "ha_datagrams_refused_total",
    "Heartbeat datagrams refused, by reason.",
    counters.flatMap(([[, reason], n]) => (reason === undefined ? [] : [[{ reason }, n]])),
  );
}

function describePair(now: Snapshot, view: AgentView, behindMs: number | null): void {
  const { peer, arbiter } = view;
  now.gauge("ha_in_sync_nodes", "Nodes that hold everything confirmed.", view.inSync.length);
  now.gauges("ha_protection", "1 for the protection in force.", [[{ protection: view.protection }, 1]]);
  now.gauge("ha_maintenance", "1 while no automatic promotion takes place.", bit(view.paused));
  if (arbiter !== null) now.gauge("ha_arbiter_reachable", "1 when the arbiter answers.", bit(arbiter.reachable));
  if (peer === null) return;
  now.gauge("ha_peer_reachable", "1 when the other node was heard within the lease.", bit(peer.reachable));
  const unknown = Number.NaN;
  now.gauge("ha_lag_transactions", "Transactions that the standby is behind; NaN: unknown.", peer.lagTxids ?? unknown);
  const behind = behindMs === null ? unknown : seconds(behindMs);
  now.gauge("ha_lag_seconds", "Since the standby was last seen not to be behind; NaN: unknown.", behind);
}

function describeVerified(now: Snapshot, { verified }: AgentView): void {
  const at = verified === null ? Number.NaN : seconds(Date.parse(verified.at));
  now.gauge("ha_verified_timestamp_seconds", "When this node's copy was last verified; NaN: it never was.", at);
  const sound = verified === null ? Number.NaN : bit(verified.sound);
  now.gauge("ha_verified_sound", "1 when the last verification found the copy to be what the primary has.", sound);
}

function describeProcesses(now: Snapshot, { pids }: AgentView): void {
  now.gauges(
    "ha_resident_memory_bytes",
    "Resident memory of each process of this node; 0: it does not run.",
    Object.entries(pids).map(([process, pid]) => [{ process }, pid === null ? 0 : residentBytes(pid)]),
  );
}
