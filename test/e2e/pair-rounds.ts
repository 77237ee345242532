import { z } from "zod";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, statusOf } from "./demo-process.ts";
import type { Pair } from "./pair.ts";
import { killQuietly, Load, pass } from "./pair.ts";
import {
  changedRuns,
  displayViolations,
  jobRuns,
  journalViolations,
  lostProbes,
  slotViolations,
} from "./pair-checks.ts";
import { PrimaryWatch } from "./primary-watch.ts";

const TAKEOVER_LIMIT_MS = 40_000;
const BACK_LIMIT_MS = 60_000;
const ROUNDS_MAX = 3;

/** What takes a whole primary away, and what brings it back. */
type Blow = {
  /** Resolves with the instant of the blow, on the clock of `performance.now()`. */
  readonly strike: (pair: Pair, node: ReadyNode) => Promise<number>;
  readonly undo: (pair: Pair, node: ReadyNode) => void;
};

/** SIGKILL of every process; a start. */
export const killWhole: Blow = {
  strike: (pair, node) => pair.killWhole(node),
  undo: (pair, node) => pair.start(node),
};

/** SIGSTOP of every process, and SIGCONT. For one round. */
export function freezeWhole(): Blow {
  let stopped: readonly number[] = [];
  const signal = (name: "SIGSTOP" | "SIGCONT"): void => {
    for (const each of stopped) killQuietly(each, name);
  };
  return {
    strike: async (pair, node) => {
      const { pids } = await pair.health(node);
      stopped = Object.values(pids).filter((each) => each !== null);
      const struckMs = performance.now();
      signal("SIGSTOP");
      return struckMs;
    },
    undo: () => signal("SIGCONT"),
  };
}

/** One loss of a whole primary, as it was seen from outside. Durations count from the blow. */
export type Takeover = {
  readonly kind: "takeover";
  readonly killed: string;
  readonly leads: string;
  /** The instant of the blow, on the clock of `performance.now()`. */
  readonly struckMs: number;
  /** The new primary's. */
  readonly epoch: number;
  readonly primaryMs: number;
  readonly confirmedMs: number;
  /** From the start, or the thaw, of the one that was struck to its being in sync again. */
  readonly backMs: number;
  /** What must not be; empty when all is well. */
  readonly violations: readonly string[];
};

/** The primary was working alone at that moment, so nobody could lead but itself, and it did when it was back. */
export type FoundAlone = {
  readonly kind: "found-alone";
  readonly killed: string;
  readonly violations: readonly string[];
};

/** `takeover`, again when it found the primary alone: on a loaded machine the standby may lag at any moment. */
export async function takeoverOfPair(pair: Pair, loadMs: number): Promise<Takeover> {
  for (let tried = 0; tried < ROUNDS_MAX; tried += 1) {
    const round = await takeover(pair, loadMs);
    if (round.kind === "takeover") return round;
    if (round.violations.length > 0) throw new Error(round.violations.join("; "));
  }
  throw new Error(`${ROUNDS_MAX} kills all found the primary alone`);
}

/** Strikes the primary after `loadMs` of ten probes a second, waits for the other and for its return, checks all. */
export async function takeover(pair: Pair, loadMs: number, blow = killWhole): Promise<Takeover | FoundAlone> {
  const { primary, standby } = await pair.protected();
  const { epoch } = await pair.health(primary);
  const runsBefore = jobRuns(primary);
  // What was committed before a confirmed probe is confirmed with it.
  await pair.confirmedProbe(primary, TAKEOVER_LIMIT_MS);
  const load = new Load(pair, () => primary);
  await pass(loadMs);
  const watch = new PrimaryWatch(pair);
  let struckMs: number;
  let confirmedMs: number;
  let backMs: number;
  try {
    struckMs = await blow.strike(pair, primary);
    const led = await leadsOrMayNot(pair, standby, watch);
    if (!led) return await comesBackAlone(pair, primary, blow);
    await pair.confirmedProbe(standby, TAKEOVER_LIMIT_MS);
    confirmedMs = performance.now() - struckMs;
    const undoneMs = performance.now();
    blow.undo(pair, primary);
    await backInSync(primary, standby);
    backMs = performance.now() - undoneMs;
  } finally {
    await watch.stop();
    await load.stop();
  }
  const epochNow = (await pair.health(standby)).epoch;
  const violations = [
    ...watch.violations,
    ...(load.confirmed === 0 && loadMs > 1_000 ? ["no probe of the load was confirmed before the kill"] : []),
    ...(epochNow > epoch ? [] : [`the epoch went from ${epoch} to ${epochNow}`]),
    ...(await lostProbes(pair, standby)),
    ...(await displayViolations(pair, standby)),
  ];
  violations.push(...(await slotViolations(standby)), ...changedRuns(runsBefore, standby));
  violations.push(...(await journalViolations(pair)), ...(await lostProbes(pair, standby)));
  const primaryMs = (watch.firstYesMs(standby) ?? Number.NaN) - struckMs;
  return {
    kind: "takeover",
    killed: primary.name,
    leads: standby.name,
    struckMs,
    epoch: epochNow,
    primaryMs,
    confirmedMs,
    backMs,
    violations: [...new Set(violations)],
  };
}

/** True: it leads. False: it says that it does not hold everything confirmed. */
async function leadsOrMayNot(pair: Pair, standby: ReadyNode, watch: PrimaryWatch): Promise<boolean> {
  let mayNot = false;
  await eventually(`${standby.name} leads`, TAKEOVER_LIMIT_MS, async () => {
    if (watch.firstYesMs(standby) !== null) return true;
    const { inSync, reasons } = await pair.health(standby);
    mayNot = !inSync.includes(standby.name) && reasons.some((reason) => reason.startsWith("Only "));
    return mayNot;
  });
  return !mayNot;
}

async function comesBackAlone(pair: Pair, node: ReadyNode, blow: Blow): Promise<FoundAlone> {
  blow.undo(pair, node);
  const { primary } = await pair.protected();
  const violations = primary === node ? [] : [`${primary.name} leads without having everything confirmed`];
  return { kind: "found-alone", killed: node.name, violations: [...violations, ...(await lostProbes(pair, primary))] };
}

/** Starts a dead node again and waits until it is a standby in sync; milliseconds. */
export async function bringBack(pair: Pair, node: ReadyNode, leader: ReadyNode): Promise<number> {
  const startedMs = performance.now();
  pair.start(node);
  await backInSync(node, leader);
  return performance.now() - startedMs;
}

/** Waits until `node` is a standby in sync under `leader`. */
export async function backInSync(node: ReadyNode, leader: ReadyNode): Promise<void> {
  await eventually(`${node.name} is a standby in sync`, BACK_LIMIT_MS, async () => {
    const standby = await statusOf(node.agentPort, "/standby");
    return standby === 200 && (await statusOf(leader.agentPort, "/cluster")) === 200;
  });
}

/** One switchover, as it was seen from outside. */
export type Switchover = {
  readonly from: string;
  readonly to: string;
  /** The new primary's. */
  readonly epoch: number;
  /** The old primary's last answer of 200, on the clock of `performance.now()`. */
  readonly goneMs: number;
  /** Longest time in which neither node answered 200 on `/primary`. */
  readonly gapMs: number;
  readonly confirmedUnderLoad: number;
  readonly violations: readonly string[];
};

const outcomeSchema = z.looseObject({ outcome: z.string(), message: z.string() });

/** `trader switchover` under ten probes a second at whoever leads. */
export async function switchover(pair: Pair): Promise<Switchover> {
  const { primary, standby } = await pair.protected();
  const watch = new PrimaryWatch(pair);
  const load = new Load(pair, () => watch.leader ?? primary);
  const violations: string[] = [];
  try {
    await eventually("the load is confirmed", TAKEOVER_LIMIT_MS, () => load.confirmed >= 10);
    const { code, stdout, stderr } = await pair.trader(primary, "switchover", "--yes", "--json");
    if (code !== 0) violations.push(`trader switchover ended with code ${code}: ${stdout} ${stderr}`);
    else if (outcomeSchema.parse(JSON.parse(stdout)).outcome !== "done") violations.push(`not done: ${stdout}`);
    const before = load.confirmed;
    await eventually(`${standby.name} leads`, TAKEOVER_LIMIT_MS, () => watch.leader === standby);
    await eventually("the load is confirmed again", TAKEOVER_LIMIT_MS, () => load.confirmed >= before + 10);
  } finally {
    await load.stop();
    await watch.stop();
  }
  const now = await pair.protected();
  if (now.primary !== standby) violations.push(`${now.primary.name} leads again`);
  violations.push(
    ...watch.violations,
    ...(await lostProbes(pair, standby)),
    ...(await displayViolations(pair, standby)),
  );
  violations.push(...(await slotViolations(standby)), ...(await journalViolations(pair)));
  const { longestGapMs: gapMs } = watch;
  const goneMs = watch.lastYesMs(primary) ?? Number.NaN;
  const { epoch } = await pair.health(standby);
  const [from, to] = [primary.name, standby.name];
  return { from, to, epoch, goneMs, gapMs, confirmedUnderLoad: load.confirmed, violations };
}

/**
 * Sees to it that the standby could lead at once. One that gave the lease away leaves it to the other node for half a
 * minute; started anew, it holds nothing against itself.
 */
export async function madeFit(pair: Pair, standby: ReadyNode, primary: ReadyNode): Promise<void> {
  const fit = async (): Promise<boolean> => (await pair.trader(primary, "switchover", "--dry-run")).code === 0;
  if (await fit()) return;
  await pair.killWhole(standby);
  await bringBack(pair, standby, primary);
  await eventually(`${standby.name} is fit`, BACK_LIMIT_MS, fit);
}
