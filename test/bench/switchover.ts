import { parseArgs } from "node:util";
import { z } from "zod";
import { Pair } from "../e2e/pair.ts";
import type { Switchover } from "../e2e/pair-rounds.ts";
import { switchover } from "../e2e/pair-rounds.ts";
import { observeMachine, quantiles, sayMachine, sayQuantiles } from "./machine.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const optionsSchema = z.object({
  runs: z.coerce.number().int().min(1).max(1_000),
  preset: z.enum(["fast", "default", "wifi"]),
  json: z.boolean(),
});

/** Switches over to and fro under ten probes a second; false when anything was as it must not be. */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "10" },
      preset: { type: "string", default: "default" },
      json: { type: "boolean", default: false },
    },
  });
  const { runs, preset, json } = optionsSchema.parse(values);
  const machine = observeMachine();
  const pair = await Pair.start(["--preset", preset]);
  const rounds: Switchover[] = [];
  const violations: string[] = [];
  try {
    while (rounds.length < runs) {
      const round = await switchover(pair);
      rounds.push(round);
      violations.push(...round.violations.map((text) => `run ${rounds.length}: ${text}`));
      const bad = round.violations.length === 0 ? "" : ` · ${round.violations.join("; ")}`;
      say(`${rounds.length}: ${round.from} → ${round.to}: ${Math.round(round.gapMs)} ms without a primary${bad}`);
    }
  } catch (error) {
    violations.push(error instanceof Error ? error.message : String(error));
    say(pair.logTails());
  } finally {
    await pair.stop();
  }
  const gap = quantiles(rounds.map(({ gapMs }) => gapMs));
  const confirmedProbes = pair.confirmed.size;
  const result = { preset, runs: rounds.length, confirmedProbes, gap, machine: machine(), violations };
  const text = [
    `${result.runs} switchovers, ${confirmedProbes} confirmed probes`,
    sayQuantiles("no primary, seen from outside", gap),
    sayMachine(result.machine),
    violations.length === 0 ? "no violations" : `VIOLATIONS\n${violations.join("\n")}`,
  ];
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${text.join("\n")}\n`);
  return violations.length === 0 && rounds.length === runs;
}

process.exitCode = (await main()) ? 0 : 1;
