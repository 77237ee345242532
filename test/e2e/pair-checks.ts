import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import type { Attempt } from "../../src/exchange/book.ts";
import { slotMs, slotsBetween, slotText } from "../../src/jobs/slots.ts";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, getJson } from "./demo-process.ts";
import type { Pair } from "./pair.ts";

/** What the demo's jobs run on; a job that is not here is a violation, so that this table stays true. */
const CRONS: Readonly<Record<string, string>> = {
  "price-sync": "*/5 * * * *",
  "portfolio-sync": "*/15 * * * *",
  "score-refresh": "*/30 * * * *",
  rebalance: "*/15 * * * *",
  "daily-maintenance": "0 3 * * *",
  "weekly-maintenance": "0 4 * * 0",
};

const jobRun = z.object({
  job: z.string(),
  slot: z.string(),
  epoch: z.int(),
  node: z.string(),
  status: z.enum(["running", "completed", "failed"]),
  startedAtMs: z.int(),
});
export type JobRun = z.infer<typeof jobRun>;

export const attempts = z.array(
  z.looseObject({
    from: z.string().optional(),
    clientOrderId: z.string(),
    symbol: z.string(),
    side: z.string(),
    qty: z.number(),
    outcome: z.string(),
  }),
);

const SLOTS_LIMIT_MS = 30_000;
const NAMED_MAX = 5;

/** Confirmed probes that this node does not hold as they were confirmed. */
export async function lostProbes(pair: Pair, node: ReadyNode): Promise<string[]> {
  const rows = new Map((await pair.probes(node)).map(({ n, value }) => [n, value]));
  const lost = [...pair.confirmed].filter(([n, value]) => rows.get(n) !== value);
  const named = lost.slice(0, NAMED_MAX);
  return named.map(([n, value]) => {
    const found = rows.get(n) ?? "missing";
    return `confirmed probe ${n} (${value}), one of ${lost.length}, is ${found} on ${node.name}`;
  });
}

/** Places of a slot that were attempted with two intentions, or taken by the exchange twice. */
export const journalViolations = async (pair: Pair): Promise<string[]> =>
  doubled(await getJson(pair.line.exchange.port, "/journal", attempts));

/** Places that were attempted from each of these addresses. */
export const triedFromAll = (journal: readonly Omit<Attempt, "at">[], addresses: readonly string[]): string[] =>
  [...new Set(journal.map(({ clientOrderId }) => clientOrderId))].filter((id) =>
    addresses.every((address) => journal.some(({ clientOrderId, from }) => clientOrderId === id && from === address)),
  );

/** The judgement of a journal. */
export function doubled(journal: readonly Omit<Attempt, "at">[]): string[] {
  const intentions = new Map<string, Set<string>>();
  for (const { clientOrderId: id, symbol, side, qty } of journal)
    intentions.set(id, (intentions.get(id) ?? new Set()).add(`${side} ${qty} ${symbol}`));
  return [
    ...[...intentions].filter(([, all]) => all.size > 1).map(([id, all]) => `${id} was ${[...all].join(" and ")}`),
    ...takenTwice(journal),
  ];
}

/** Places that the exchange gave to two orders, whatever else was tried there. */
export function takenTwice(journal: readonly Omit<Attempt, "at">[]): string[] {
  const taken = new Map<string, number>();
  for (const { clientOrderId: id, outcome } of journal)
    if (outcome === "accepted") taken.set(id, (taken.get(id) ?? 0) + 1);
  return [...taken].filter(([, times]) => times > 1).map(([id, times]) => `${id} was accepted ${times} times`);
}

/** Everything recorded of job runs in this node's ledger, oldest slot first; the node must lead. */
export function jobRuns(node: ReadyNode): JobRun[] {
  const db = new Database(join(node.dataDir, "ledger", "ledger.db"), { readonly: true, fileMustExist: true });
  try {
    const query =
      "SELECT job, slot, epoch, node, status, started_at_ms AS startedAtMs FROM job_runs ORDER BY slot, job";
    return z.array(jobRun).parse(db.prepare(query).all());
  } finally {
    db.close();
  }
}

/**
 * Waits until every slot up to the newest one recorded now has a completed run, on the node that leads; what is missing
 * when that does not come is answered, and every job without a row.
 */
export async function slotViolations(node: ReadyNode): Promise<string[]> {
  const untilMs = Math.max(...jobRuns(node).map(({ slot }) => slotMs(slot)));
  let missing: string[] = [];
  await eventually("every slot has a completed run", SLOTS_LIMIT_MS, () => {
    missing = incomplete(jobRuns(node), untilMs);
    return missing.length === 0;
  }).catch(() => undefined);
  return missing;
}

/** The judgement of a schedule: what is not completed between a job's first slot and this instant. */
export function incomplete(rows: readonly JobRun[], untilMs: number): string[] {
  const unknown = [...new Set(rows.map(({ job }) => job))].filter((job) => CRONS[job] === undefined);
  const gaps = Object.entries(CRONS).flatMap(([job, cron]) => {
    const own = new Map(rows.filter((row) => row.job === job).map((row) => [row.slot, row.status]));
    const first = [...own.keys()][0];
    if (first === undefined) return [`${job} never ran`];
    const slots = [first, ...slotsBetween(cron, slotMs(first), untilMs, 10_000).map(slotText)];
    return slots
      .filter((slot) => own.get(slot) !== "completed")
      .map((slot) => `${job} ${slot} is ${own.get(slot) ?? "missing"}`);
  });
  return [...unknown.map((job) => `${job} is a job that this check does not know`), ...gaps].slice(0, NAMED_MAX);
}

/** Completed runs of before that are gone or were run again. */
export function changedRuns(before: readonly JobRun[], node: ReadyNode): string[] {
  const now = new Map(jobRuns(node).map((row) => [`${row.job} ${row.slot}`, JSON.stringify(row)]));
  return before
    .filter((row) => row.status === "completed" && now.get(`${row.job} ${row.slot}`) !== JSON.stringify(row))
    .slice(0, NAMED_MAX)
    .map((row) => `${JSON.stringify(row)} became ${now.get(`${row.job} ${row.slot}`) ?? "nothing"}`);
}

/** The display of this node must be drawn by itself under its own epoch. */
export async function displayViolations(pair: Pair, node: ReadyNode): Promise<string[]> {
  const { epoch } = await pair.health(node);
  const drawn = await pair.drawnBy(node);
  const right = drawn.node === node.name && drawn.epoch === epoch;
  return right ? [] : [`the display of ${node.name} (epoch ${epoch}) is drawn by ${drawn.node} (epoch ${drawn.epoch})`];
}
