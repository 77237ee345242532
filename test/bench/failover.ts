import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { netMissing } from "../e2e/net-namespaces.ts";
import { NetPair } from "../e2e/net-pair.ts";
import { Pair } from "../e2e/pair.ts";
import { report } from "./failover-report.ts";
import { observeMachine, randomFrom } from "./machine.ts";
import { cutRound, kinds, roundOf } from "./rounds.ts";
import type { Kind, Round } from "./rounds.ts";

const presetNames = ["fast", "default"] as const;
type PresetName = (typeof presetNames)[number];

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const list = <T extends string>(among: readonly [T, ...T[]]) =>
  z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(among)).min(1));

const optionsSchema = z.object({
  runs: z.coerce.number().int().min(1).max(1_000),
  kinds: list(kinds),
  presets: list(presetNames),
  seed: z.coerce.number().int().min(0),
  "accept-duplicates": z.boolean(),
  file: z.string().min(1).optional(),
  json: z.boolean(),
});
type Options = z.infer<typeof optionsSchema>;

const help = `bench:failover [--runs N] [--kinds ${kinds.join(",")}] [--presets ${presetNames.join(",")}] [--json]
  --file FILE          adds the rounds to this file, and reports on all that are in it
  --seed N             moments of the blows, and the demo's day
  --accept-duplicates  an exchange that refuses no order id`;

function options(): Options {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "3" },
      kinds: { type: "string", default: kinds.join(",") },
      presets: { type: "string", default: presetNames.join(",") },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      "accept-duplicates": { type: "boolean", default: false },
      file: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const parsed = optionsSchema.safeParse(values);
  if (!parsed.success) throw new Error(`${z.prettifyError(parsed.error)}\n${help}`);
  return parsed.data;
}

/** Takes the primary away again and again, in four ways; false when anything was as it must not be. */
async function main(): Promise<boolean> {
  const chosen = options();
  const machine = observeMachine();
  const rounds: Round[] = [];
  const failures: string[] = [];
  const keep = (round: Round): void => {
    rounds.push(round);
    if (chosen.file !== undefined) appendFileSync(chosen.file, `${JSON.stringify(round)}\n`);
    const parts = round.split === null ? "" : JSON.stringify(round.split, (_, value) => rounded(value));
    const took = round.ms === null ? "the primary was alone" : `${Math.round(round.ms)} ms ${parts}`;
    say(`${round.preset} ${round.kind}: ${took}${round.violations.map((text) => ` · ${text}`).join("")}`);
  };
  say(`seed ${chosen.seed}`);
  for (const preset of chosen.presets) {
    await onLoopback(chosen, preset, keep).catch((error: unknown) => failures.push(String(error)));
    await onMachines(chosen, preset, keep).catch((error: unknown) => failures.push(String(error)));
  }
  const all = chosen.file === undefined ? rounds : readRounds(chosen.file);
  const violations = [...failures, ...all.flatMap((round) => round.violations)];
  const { text, figures } = report(all, violations, machine());
  process.stdout.write(chosen.json ? `${JSON.stringify(figures)}\n` : text);
  return violations.length === 0;
}

const rounded = (value: unknown): unknown => (typeof value === "number" ? Math.round(value) : value);

/** Kills, freezes and switchovers: both nodes on this machine's loopback, with orders. */
async function onLoopback(chosen: Options, preset: PresetName, keep: (round: Round) => void): Promise<void> {
  const wanted = chosen.kinds.filter((kind): kind is Exclude<Kind, "cut"> => kind !== "cut");
  if (wanted.length === 0) return;
  const random = randomFrom(chosen.seed);
  const duplicates = chosen["accept-duplicates"] ? ["--accept-duplicates"] : [];
  const pair = await Pair.start(["--preset", preset, "--seed", String(chosen.seed), ...duplicates]);
  try {
    for (const kind of wanted)
      for (let run = 0; run < chosen.runs; run += 1) keep(await roundOf(kind, pair, preset, random()));
  } catch (error) {
    say(pair.logTails());
    throw error;
  } finally {
    await pair.stop();
  }
}

/** Cuts: each node in a network namespace of its own. */
async function onMachines(chosen: Options, preset: PresetName, keep: (round: Round) => void): Promise<void> {
  if (!chosen.kinds.includes("cut")) return;
  const missing = netMissing();
  if (missing !== null) return say(`cuts are left out: ${missing}`);
  const pair = await NetPair.start(preset);
  try {
    for (let run = 0; run < chosen.runs; run += 1) keep(await cutRound(pair, preset));
  } catch (error) {
    say(pair.logTails());
    throw error;
  } finally {
    await pair.stop();
  }
}

const roundSchema: z.ZodType<Round> = z.object({
  kind: z.enum(kinds),
  preset: z.enum(presetNames),
  ms: z.number().nullable(),
  split: z.object({ detection: z.number(), election: z.number(), promotion: z.number(), app: z.number() }).nullable(),
  violations: z.array(z.string()),
});

function readRounds(file: string): Round[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => roundSchema.parse(JSON.parse(line)));
}

process.exitCode = (await main()) ? 0 : 1;
