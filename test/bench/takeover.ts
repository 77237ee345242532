import { parseArgs } from "node:util";
import { z } from "zod";
import { presets } from "../../ha/core/timing.ts";
import { Pair } from "../e2e/pair.ts";
import type { Takeover } from "../e2e/pair-rounds.ts";
import { takeover } from "../e2e/pair-rounds.ts";
import { observeMachine, quantiles, randomFrom, sayMachine, sayQuantiles } from "./machine.ts";

/** A slot of the demo passes in four seconds: the kill may meet any moment of a cycle. */
const LOAD_MS = { min: 300, max: 5_300 };
/** What the project promises: confirmed by the new primary, alone, within a lease and this. */
const LATE_AFTER_LEASE_MS = 1_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const optionsSchema = z.object({
  kills: z.coerce.number().int().min(1).max(1_000),
  preset: z.enum(["fast", "default", "wifi"]),
  seed: z.coerce.number().int().min(0),
  "accept-duplicates": z.boolean(),
  json: z.boolean(),
});

/** Kills whole primaries in turns and judges every takeover from outside; false when anything was as it must not be. */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "20" },
      preset: { type: "string", default: "fast" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      "accept-duplicates": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { kills, preset, seed, json, ...rest } = optionsSchema.parse(values);
  say(`${kills} kills of whole primaries, preset ${preset}, seed ${seed}`);
  const random = randomFrom(seed);
  const duplicates = rest["accept-duplicates"] ? ["--accept-duplicates"] : [];
  const machine = observeMachine();
  const pair = await Pair.start(["--preset", preset, "--seed", String(seed), ...duplicates]);
  const rounds: Takeover[] = [];
  const violations: string[] = [];
  let foundAlone = 0;
  try {
    while (rounds.length < kills && foundAlone < kills) {
      const round = await takeover(pair, LOAD_MS.min + random() * (LOAD_MS.max - LOAD_MS.min));
      violations.push(...round.violations.map((text) => `kill ${rounds.length + foundAlone + 1}: ${text}`));
      if (round.kind === "takeover") rounds.push(round);
      else foundAlone += 1;
      say(sayRound(rounds.length + foundAlone, round));
    }
  } catch (error) {
    violations.push(error instanceof Error ? error.message : String(error));
    say(pair.logTails());
  } finally {
    await pair.stop();
  }
  const limitMs = presets[preset].leaseMs + LATE_AFTER_LEASE_MS;
  const late = rounds.filter(({ confirmedMs }) => confirmedMs > limitMs);
  violations.push(
    ...late.map(({ leads, confirmedMs }) => `${leads} took ${Math.round(confirmedMs)} ms (${limitMs} allowed)`),
  );
  const result = {
    preset,
    seed,
    acceptDuplicates: rest["accept-duplicates"],
    kills: rounds.length,
    /** Kills that met the primary while it worked alone: nobody else may lead then. */
    foundAlone,
    confirmedProbes: pair.confirmed.size,
    killToPrimary: quantiles(rounds.map(({ primaryMs }) => primaryMs)),
    killToConfirmed: quantiles(rounds.map(({ confirmedMs }) => confirmedMs)),
    startToInSync: quantiles(rounds.map(({ backMs }) => backMs)),
    machine: machine(),
    violations,
  };
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : report(result));
  return violations.length === 0 && rounds.length === kills;
}

function sayRound(n: number, round: Awaited<ReturnType<typeof takeover>>): string {
  const bad = round.violations.length === 0 ? "" : ` · ${round.violations.join("; ")}`;
  if (round.kind === "found-alone") return `${n}: ${round.killed} was working alone when it was killed${bad}`;
  const [primary, confirmed, back] = [round.primaryMs, round.confirmedMs, round.backMs].map(Math.round);
  return `${n}: ${round.killed} → ${round.leads}: /primary ${primary} ms, confirmed ${confirmed} ms, back ${back} ms${bad}`;
}

type Result = {
  readonly kills: number;
  readonly foundAlone: number;
  readonly confirmedProbes: number;
  readonly killToPrimary: ReturnType<typeof quantiles>;
  readonly killToConfirmed: ReturnType<typeof quantiles>;
  readonly startToInSync: ReturnType<typeof quantiles>;
  readonly machine: ReturnType<ReturnType<typeof observeMachine>>;
  readonly violations: readonly string[];
};

const report = (result: Result): string =>
  [
    `${result.kills} takeovers, ${result.foundAlone} kills of a primary that worked alone, ${result.confirmedProbes} confirmed probes`,
    sayQuantiles("kill → /primary answers 200", result.killToPrimary),
    sayQuantiles("kill → a probe is confirmed", result.killToConfirmed),
    sayQuantiles("start → in sync again", result.startToInSync),
    sayMachine(result.machine),
    result.violations.length === 0 ? "no violations" : `VIOLATIONS\n${result.violations.join("\n")}`,
    "",
  ].join("\n");

process.exitCode = (await main()) ? 0 : 1;
