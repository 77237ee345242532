import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { runBatches } from "./batches.ts";
import { coverageTable, notReached, reachedOf } from "./coverage-table.ts";
import { runSchedule, scheduleOf } from "./run.ts";
import type { Tally } from "./tally.ts";

/** What every schedule must hold at least, or it was none. */
const eventsAtLeast = 200;
const faultsAtLeast = 3;

/** From this many on, everything that is declared in `coverage-table.ts` has to be reached. */
const coverageAfterRuns = 50_000;

const usage = `npm run simulate -- [--seed S] [--runs N] [--threads T] [--coverage] [--json]
Runs N schedules of faults from seed S on (fresh without --seed) and checks every invariant after every event.
--coverage prints how often each state, transition and answer was reached.
--seed S without --runs replays that one schedule and tells its story.`;

const whole = (max: number) => z.coerce.number().int().min(0).max(max);
const optionsSchema = z.object({
  seed: whole(2 ** 32).optional(),
  runs: whole(10_000_000).optional(),
  threads: whole(256).default(availableParallelism()),
  json: z.boolean().default(false),
  coverage: z.boolean().default(false),
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** True when every schedule ran, was rich enough and broke nothing. */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean" },
      coverage: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    say(usage);
    return true;
  }
  const { seed, runs, threads, json, coverage } = optionsSchema.parse(values);
  if (seed !== undefined && runs === undefined) return replay(seed, json);
  return runMany(seed ?? randomInt(2 ** 31), runs ?? 100_000, Math.max(1, threads), json, coverage);
}

async function replay(seed: number, json: boolean): Promise<boolean> {
  const story: string[] = [];
  const outcome = await runSchedule({ ...scheduleOf(seed), trace: story });
  if (json) say(JSON.stringify({ ...outcome, coverage: Object.fromEntries(outcome.coverage), story }));
  else say([...story, `seed ${seed}: ${outcome.violation ?? "no violation"}`].join("\n"));
  return outcome.violation === null;
}

async function runMany(
  seed: number,
  runs: number,
  threads: number,
  json: boolean,
  coverage: boolean,
): Promise<boolean> {
  if (!json) say(`simulation: ${runs} schedules from seed ${seed} on ${threads} threads`);
  const startedMs = performance.now();
  const shown = process.stderr.isTTY;
  const tally = await runBatches({ first: seed, runs }, threads, (soFar) => {
    if (shown) process.stderr.write(`\r${soFar.runs} of ${runs}`);
  });
  if (shown) process.stderr.write("\r");
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  const lacks = lacking(tally, runs);
  if (json) say(JSON.stringify({ seed, seconds, ...tally, coverage: Object.fromEntries(tally.coverage), lacks }));
  else {
    const [first] = tally.violations;
    if (first !== undefined) {
      say(`seed ${first.seed}: ${first.text}; its story:`);
      await replay(first.seed, false);
      say(`again: npm run simulate -- --seed ${first.seed}`);
    }
    if (coverage) for (const line of coverageTable(tally.coverage)) say(line);
    for (const lack of lacks) say(lack);
    say(closingLine(seed, tally, seconds));
  }
  return lacks.length === 0;
}

function lacking({ runs, eventsMin, faultsMin, violations, coverage }: Tally, wanted: number): readonly string[] {
  const checks: readonly [boolean, string][] = [
    [violations.length === 0, `${violations.length} schedules broke an invariant.`],
    [runs >= wanted, `Only ${runs} of ${wanted} schedules ran.`],
    [eventsMin >= eventsAtLeast, `A schedule had ${eventsMin} events; ${eventsAtLeast} are wanted.`],
    [faultsMin >= faultsAtLeast, `A schedule had ${faultsMin} faults; ${faultsAtLeast} are wanted.`],
  ];
  // Few schedules cannot be expected to reach everything.
  const missed = runs < coverageAfterRuns ? [] : notReached(coverage);
  return [
    ...checks.filter(([holds]) => !holds).map(([, lack]) => lack),
    ...missed.map((what) => `Never reached: ${what}`),
  ];
}

const closingLine = (seed: number, tally: Tally, seconds: number): string =>
  `simulation: ${tally.runs} schedules from seed ${seed}, ${tally.events} events (${tally.eventsMin} or more each), ` +
  `${tally.faults} faults (${tally.faultsMin} or more each), ${tally.promotions} promotions, ` +
  `${tally.violations.length} violations, ${reachedOf(tally.coverage)} states and transitions reached, ${seconds} s`;

main().then(
  (good) => (process.exitCode = good ? 0 : 1),
  (error: unknown) => {
    const text = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    process.stderr.write(`${text}\n${usage}\n`);
    process.exitCode = 2;
  },
);
