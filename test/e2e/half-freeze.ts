import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { presets } from "../../ha/core/timing.ts";
import type { Preset } from "../../ha/core/timing.ts";
import { appClock, parseClock } from "../../src/clock.ts";
import type { AppClock } from "../../src/app-ports.ts";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, getJson, runs } from "./demo-process.ts";
import { receivedFiles, takenFrom } from "./half-stream.ts";
import type { Pair } from "./pair.ts";
import { killQuietly, Load, pass } from "./pair.ts";
import { changedRuns, jobRuns, journalViolations, lostProbes, slotViolations } from "./pair-checks.ts";
import { backInSync } from "./pair-rounds.ts";
import { PrimaryWatch } from "./primary-watch.ts";

const LIMIT_MS = 60_000;
const LEASES = 3;
/** [HA-8] "dead soon after". */
const DEAD_AFTER_MS = 200;

/** One freeze of a primary, as seen from outside. Times are milliseconds after the last instant that its lease may have had. */
export type Freeze = {
  readonly frozen: string;
  readonly leads: string;
  readonly deadMs: number;
  readonly ledMs: number;
  /** From SIGCONT to being a standby in sync. */
  readonly backMs: number;
  readonly violations: readonly string[];
};

/**
 * SIGSTOP of the primary's agent alone, or of the agent with all its children, for three leases and longer than the
 * other one needs to lead; then SIGCONT.
 */
export async function freeze(pair: Pair, preset: Preset, what: "agent" | "node"): Promise<Freeze> {
  const { leaseMs, marginMs } = presets[preset];
  const { primary, standby } = await pair.protected();
  await pair.confirmedProbe(primary, LIMIT_MS);
  const { epoch, pids } = await pair.health(primary);
  const app = pids.app;
  if (app === null) throw new Error(`${primary.name} leads without an app`);
  const runsBefore = jobRuns(primary);
  const stopped = what === "agent" ? [pids.agent] : Object.values(pids).filter((each) => each !== null);
  const load = new Load(pair, () => primary);
  await pass(leaseMs);
  const watch = new PrimaryWatch(pair);
  const violations: string[] = [];
  // Nothing that was sent later than this renews anything.
  for (const each of stopped) killQuietly(each, "SIGSTOP");
  const overMs = performance.now() + leaseMs - marginMs;
  const overAtMs = Date.now() + leaseMs - marginMs;
  let deadMs = Number.NaN;
  let backMs = Number.NaN;
  const dead = watchDeath(app).then((atMs) => (deadMs = atMs - overMs));
  try {
    await eventually(`${standby.name} leads`, LIMIT_MS, () => watch.firstYesMs(standby) !== null);
    const received = receivedFiles(standby, epoch);
    await pass(Math.max(0, overMs + (LEASES - 1) * leaseMs - performance.now()));
    if (what === "agent") {
      await dead;
      violations.push(...lateActs(primary, epoch, overAtMs));
    }
    violations.push(...(await takenFrom(primary, standby, epoch)));
    const thawedMs = performance.now();
    for (const each of stopped) killQuietly(each, "SIGCONT");
    await dead;
    const lateMs = what === "agent" ? deadMs : deadMs + overMs - thawedMs;
    const before = what === "agent" && overMs + deadMs < (watch.firstYesMs(standby) ?? 0);
    if (!before && lateMs > DEAD_AFTER_MS) violations.push(`its app was dead ${Math.round(lateMs)} ms too late`);
    await backInSync(primary, standby);
    backMs = performance.now() - thawedMs;
    const grown = [...receivedFiles(standby, epoch)].filter((file) => !received.has(file));
    if (grown.length > 0) violations.push(`after the takeover epoch ${epoch} got ${grown.join(", ")}`);
  } finally {
    for (const each of stopped) killQuietly(each, "SIGCONT");
    await load.stop();
    await watch.stop();
  }
  const ledMs = (watch.firstYesMs(standby) ?? Number.NaN) - overMs;
  const from = overAtMs;
  violations.push(...(await attemptsBetween(pair, from, overAtMs + ledMs)));
  violations.push(...watch.violations, ...((await pair.health(primary)).role === "standby" ? [] : ["not a standby"]));
  violations.push(...(await lostProbes(pair, standby)), ...(await slotViolations(standby)));
  violations.push(...changedRuns(runsBefore, standby), ...(await journalViolations(pair)));
  return { frozen: primary.name, leads: standby.name, deadMs, ledMs, backMs, violations };
}

async function watchDeath(pid: number): Promise<number> {
  while (runs(pid)) await sleep(3);
  return performance.now();
}

const attempts = z.array(z.looseObject({ at: z.string(), clientOrderId: z.string() }));

/** Orders that reached the exchange while nobody had a lease. */
async function attemptsBetween(pair: Pair, fromMs: number, toMs: number): Promise<string[]> {
  const all = await getJson(pair.line.exchange.port, "/journal", attempts);
  const among = all.filter(({ at }) => Date.parse(at) > fromMs && Date.parse(at) < toMs);
  return among.map(({ clientOrderId, at }) => `${clientOrderId} was sent at ${at}, when nobody led`);
}

/** The app's clock of a node, from its start arguments. */
function clockOf(node: ReadyNode): { readonly clock: AppClock; readonly realAt: (appMs: number) => number } {
  const value = (name: string): string => node.start[node.start.indexOf(`--${name}`) + 1] ?? "";
  const names = ["clock-origin-real", "clock-origin-app", "clock-scale"];
  const args = parseClock(Object.fromEntries(names.map((name) => [name, value(name)])));
  const realAt = (appMs: number): number => args.originRealMs + (appMs - args.originAppMs) / args.scale;
  return { clock: appClock(args), realAt };
}

const act = z.object({ what: z.string(), atMs: z.number() });

/** Rows that this node's app wrote under `epoch` after its lease was certainly over [HA-8]. Its agent is stopped. */
function lateActs(node: ReadyNode, epoch: number, overAtMs: number): string[] {
  const db = new Database(join(node.dataDir, "ledger", "ledger.db"), { readonly: true, fileMustExist: true });
  try {
    const { realAt } = clockOf(node);
    const query =
      "SELECT 'probe ' || n AS what, at_ms AS atMs FROM probes WHERE epoch = @epoch UNION ALL " +
      "SELECT job || ' ' || slot, started_at_ms FROM job_runs WHERE epoch = @epoch";
    const rows = z.array(act).parse(db.prepare(query).all({ epoch }));
    if (rows.length === 0) return [`${node.name} wrote nothing under epoch ${epoch}: this check sees nothing`];
    const late = rows.filter(({ atMs }) => realAt(atMs) > overAtMs);
    return late.map(({ what, atMs }) => `${what} was begun ${Math.round(realAt(atMs) - overAtMs)} ms after the lease`);
  } finally {
    db.close();
  }
}
