import { presets } from "../../ha/core/timing.ts";
import type { Preset } from "../../ha/core/timing.ts";
import { eventually } from "../e2e/demo-process.ts";
import { hostNowMs } from "../e2e/net-agent.ts";
import { NetLoad } from "../e2e/net-load.ts";
import { other } from "../e2e/net-pair.ts";
import type { NetPair } from "../e2e/net-pair.ts";
import { pass } from "../e2e/pair.ts";
import type { Pair } from "../e2e/pair.ts";
import { freezeWhole, killWhole, switchover, takeover } from "../e2e/pair-rounds.ts";
import { split, timelineOf } from "./timeline.ts";
import type { Split } from "./timeline.ts";

export const kinds = ["kill", "freeze", "cut", "switchover"] as const;
export type Kind = (typeof kinds)[number];

/**
 * One change of the primary. `ms` is the whole: to a write that the new primary has confirmed, from the blow; of a
 * switchover, the time without a primary as a client sees it. Null: the primary was alone, so nobody else could lead.
 */
export type Round = {
  readonly kind: Kind;
  readonly preset: Preset;
  readonly ms: number | null;
  /** Null where the new primary's log does not say. */
  readonly split: Split | null;
  readonly violations: readonly string[];
};

/** A slot of the demo passes in four seconds: the blow may meet any moment of a cycle. */
const LOAD_MS = { min: 300, max: 5_300 };
const LIMIT_MS = 40_000;

/** Wall time of an instant of `performance.now()`. */
const wallMs = (atMs: number): number => Date.now() - (performance.now() - atMs);

/** One round with a pair on loopback, under ten probes a second, with everything checked. `random`: 0 to 1. */
export async function roundOf(
  kind: "kill" | "freeze" | "switchover",
  pair: Pair,
  preset: Preset,
  random: number,
): Promise<Round> {
  if (kind === "switchover") {
    const { to, epoch, goneMs, gapMs, violations } = await switchover(pair);
    const timeline = timelineOf(pair.logs(to), epoch);
    const goneAtMs = wallMs(goneMs);
    const parts = timeline && split(timeline, goneAtMs, goneAtMs + gapMs);
    return { kind, preset, ms: gapMs, split: parts, violations };
  }
  const loadMs = LOAD_MS.min + random * (LOAD_MS.max - LOAD_MS.min);
  const round = await takeover(pair, loadMs, kind === "kill" ? killWhole : freezeWhole());
  const { violations } = round;
  if (round.kind === "found-alone") return { kind, preset, ms: null, split: null, violations };
  const timeline = timelineOf(pair.logs(round.leads), round.epoch);
  const struckAtMs = wallMs(round.struckMs);
  const parts = timeline && split(timeline, struckAtMs, struckAtMs + round.confirmedMs);
  return { kind, preset, ms: round.confirmedMs, split: parts, violations };
}

/** One cut of the primary from everybody, on machines of the suite. */
export async function cutRound(pair: NetPair, preset: Preset): Promise<Round> {
  const primary = await pair.healed();
  const standby = other(primary);
  const epoch = (await pair.health(primary))?.epoch ?? Number.NaN;
  await pair.confirmedProbe(primary);
  const load = new NetLoad(pair);
  const violations: string[] = [];
  try {
    await pass(presets[preset].leaseMs);
    const [cutMs, cutAtMs] = [hostNowMs(), Date.now()];
    pair.net.unplug(primary);
    await eventually(`${standby} leads`, LIMIT_MS, () => pair.ledSinceMs(standby, epoch) !== null);
    await pair.confirmedProbe(standby, LIMIT_MS);
    const ms = hostNowMs() - cutMs;
    const now = (await pair.health(standby))?.epoch ?? Number.NaN;
    pair.net.heal();
    const leads = await pair.healed(LIMIT_MS);
    if (leads !== standby) violations.push(`${leads} leads after the cut was mended`);
    await load.stop();
    violations.push(...(await pair.lostProbes(leads)), ...pair.violations());
    const timeline = timelineOf([pair.log(standby)], now);
    return { kind: "cut", preset, ms, split: timeline && split(timeline, cutAtMs, cutAtMs + ms), violations };
  } finally {
    pair.net.heal();
    await load.stop();
  }
}
