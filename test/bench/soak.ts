import { constants } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { netMissing } from "../e2e/net-namespaces.ts";
import type { NetPair } from "../e2e/net-pair.ts";
import { silenceMs, soak, soakNetwork } from "../e2e/soak.ts";
import type { Soak } from "../e2e/soak.ts";
import { observeMachine, quantiles, sayMachine, sayQuantiles } from "./machine.ts";

/**
 * `npm run soak -- --minutes 10 --preset default`: fails when there was a failover, when something confirmed is missing,
 * when no standby was filled from empty meanwhile, or when the pair is not in sync at the end.
 */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { minutes: { type: "string", default: "10" }, preset: { type: "string", default: "default" } },
  });
  const minutes = z.coerce.number().positive().max(1_440).parse(values.minutes);
  const preset = z.enum(["fast", "default", "wifi"]).parse(values.preset);
  const missing = netMissing();
  if (missing !== null) throw new Error(`the soak cannot run: ${missing}`);
  const machine = observeMachine();
  const result = await soak({ preset, minutes }, say, endWithSignals);
  say(saySoak(result));
  for (const [what, valuesMs] of [
    ["soak: confirmed by the standby", result.confirmedMs],
    ["soak: confirmed while it was filled", result.aloneMs],
  ] as const)
    if (valuesMs.length > 0) say(sayQuantiles(what, quantiles(valuesMs)));
  say(sayMachine(machine()));
  return result.violations.length === 0;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Whoever ends the soak ends the pair. What a SIGKILL leaves is empty machines, which the next ones take away. */
function endWithSignals(pair: NetPair): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      say(`soak: ended by ${signal}`);
      void pair.stop().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
}

/** The closing line for a person. */
function saySoak(result: Soak): string {
  const { preset, minutes } = result.setting;
  const seconds = result.bootstrapsMs.map((each) => Math.round(each / 1_000)).sort((a, b) => a - b);
  return (
    `soak: ${minutes} minutes with preset ${preset}, ${soakNetwork}: ${result.silences} silences of ` +
    `${silenceMs(preset, true)} ms where the primary heard nothing and ${silenceMs(preset, false)} ms else (up to ` +
    `${result.lateMsMax} ms longer), ${seconds.length} standbys filled from empty (${seconds[0] ?? "-"} to ` +
    `${seconds.at(-1) ?? "-"} s), ${result.shrinks} times alone, ${result.confirmedMs.length + result.aloneMs.length} writes confirmed, ` +
    `${result.unconfirmed} not. ` +
    (result.violations.length === 0
      ? `No failover: one node led from epoch ${result.epochs[0]} to ${result.epochs[1]}, one for each standby filled; nothing confirmed was lost, in sync at the end.`
      : `FAILED: ${result.violations.join("; ")}`)
  );
}

process.exitCode = (await main()) ? 0 : 1;
