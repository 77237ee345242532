import { z } from "zod";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, statusOf } from "./demo-process.ts";
import type { Pair } from "./pair.ts";
import { Load, pass } from "./pair.ts";
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

/** One kill of a whole primary, as it was seen from outside. Durations count from the kill. */
export type Takeover = {
  readonly kind: "takeover";
  readonly killed: string;
  readonly leads: string;
  readonly primaryMs: number;
  readonly confirmedMs: number;
  /** From the start of the killed node to its being in sync again. */
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

/** Kills the whole primary after `loadMs` of ten probes a second, waits for the other and for its return, checks all. */
export async function takeover(pair: Pair, loadMs: number): Promise<Takeover | FoundAlone> {
  const { primary, standby } = await pair.protected();
  const { epoch } = await pair.health(primary);
  const runsBefore = jobRuns(primary);
  // What was committed before a confirmed probe is confirmed with it.
  await pair.confirmedProbe(primary, TAKEOVER_LIMIT_MS);
  const load = new Load(pair, () => primary);
  await pass(loadMs);
  const watch = new PrimaryWatch(pair);
  let killedMs: number;
  try {
    killedMs = await pair.killWhole(primary);
    const led = await leadsOrMayNot(pair, standby, watch);
    if (!led) return await comesBackAlone(pair, primary);
    await pair.confirmedProbe(standby, TAKEOVER_LIMIT_MS);
  } finally {
    await watch.stop();
    await load.stop();
  }
  const confirmedMs = performance.now() - killedMs;
  const epochNow = (await pair.health(standby)).epoch;
  const violations = [
    ...watch.violations,
    ...(load.confirmed === 0 && loadMs > 1_000 ? ["no probe of the load was confirmed before the kill"] : []),
    ...(epochNow > epoch ? [] : [`the epoch went from ${epoch} to ${epochNow}`]),
    ...(await lostProbes(pair, standby)),
    ...(await displayViolations(pair, standby)),
  ];
  const backMs = await bringBack(pair, primary, standby);
  violations.push(...(await slotViolations(standby)), ...changedRuns(runsBefore, standby));
  violations.push(...(await journalViolations(pair)), ...(await lostProbes(pair, standby)));
  const primaryMs = (watch.firstYesMs(standby) ?? Number.NaN) - killedMs;
  return {
    kind: "takeover",
    killed: primary.name,
    leads: standby.name,
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

async function comesBackAlone(pair: Pair, node: ReadyNode): Promise<FoundAlone> {
  pair.start(node);
  const { primary } = await pair.protected();
  const violations = primary === node ? [] : [`${primary.name} leads without having everything confirmed`];
  return { kind: "found-alone", killed: node.name, violations: [...violations, ...(await lostProbes(pair, primary))] };
}

/** Starts a dead node again and waits until it is a standby in sync; milliseconds. */
export async function bringBack(pair: Pair, node: ReadyNode, leader: ReadyNode): Promise<number> {
  const startedMs = performance.now();
  pair.start(node);
  await eventually(`${node.name} is back as a standby in sync`, BACK_LIMIT_MS, async () => {
    const standby = await statusOf(node.agentPort, "/standby");
    return standby === 200 && (await statusOf(leader.agentPort, "/cluster")) === 200;
  });
  return performance.now() - startedMs;
}

/** One switchover, as it was seen from outside. */
export type Switchover = {
  readonly from: string;
  readonly to: string;
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
  return { from: primary.name, to: standby.name, gapMs, confirmedUnderLoad: load.confirmed, violations };
}
