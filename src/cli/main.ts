import { Command, CommanderError } from "commander";
import { addAddress } from "./address.ts";
import { addApiToken } from "./api-token.ts";
import { addArbiter } from "./arbiter.ts";
import { addAttic } from "./attic.ts";
import { addCash } from "./cash.ts";
import { addCompletion } from "./completion.ts";
import { addConfig } from "./config.ts";
import { addDemo } from "./demo.ts";
import { CliError, exitCodes, oneLine } from "./exit.ts";
import { addDoctor } from "./doctor.ts";
import { addDisplay } from "./display.ts";
import { addDisplayToken } from "./display-token.ts";
import { addFailover } from "./failover.ts";
import { addFetchLitestream } from "./fetch-litestream.ts";
import { addHistory } from "./history.ts";
import { addInit } from "./init.ts";
import { addInstall } from "./install.ts";
import { addJoin } from "./join.ts";
import { addOrder } from "./order.ts";
import { addMembers } from "./members.ts";
import { addMetrics } from "./metrics.ts";
import { addLive } from "./live.ts";
import { addMaintenance } from "./maintenance.ts";
import { addReinit } from "./reinit.ts";
import { addPassword } from "./password.ts";
import { addRetire } from "./retire.ts";
import { addRun } from "./run.ts";
import { addStatus } from "./status.ts";
import { addSwitchover } from "./switchover.ts";
import { addTradingSwitches } from "./trading-switches.ts";
import { addToken } from "./token.ts";
import { addUninstall } from "./uninstall.ts";
import { addVerify } from "./verify.ts";
import { addWitness } from "./witness.ts";

/** In the order of the help text. */
const commands: readonly ((program: Command) => void)[] = [
  addDemo,
  addInit,
  addJoin,
  addRun,
  addWitness,
  addInstall,
  addUninstall,
  addConfig,
  addStatus,
  addSwitchover,
  addFailover,
  addMaintenance,
  addVerify,
  addReinit,
  addTradingSwitches,
  addLive,
  addOrder,
  addCash,
  addHistory,
  addDoctor,
  addAttic,
  addToken,
  addMembers,
  addArbiter,
  addAddress,
  addRetire,
  addFetchLitestream,
  addMetrics,
  addDisplay,
  addDisplayToken,
  addPassword,
  addApiToken,
  addCompletion,
];

/** The command line `trader`. What a command needs is loaded when it runs, so `--help` is quick. */
function commandLine(): Command {
  const program = new Command("trader")
    .description("An automated portfolio manager on two small boards: when one dies, the other carries on.")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "trader: ")) })
    .addHelpText(
      "after",
      "\nExit codes: 0 done · 1 failed or bad input · 2 refused by a check · 3 still in progress · 4 no agent there",
    )
    .exitOverride();
  for (const add of commands) add(program);
  return program;
}

async function main(): Promise<void> {
  try {
    await commandLine().parseAsync();
  } catch (error) {
    // Commander has said its line already; help that was asked for is no failure.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.failed;
    else {
      process.stderr.write(`trader: ${oneLine(error)}\n`);
      process.exitCode = error instanceof CliError ? error.exitCode : exitCodes.failed;
    }
  }
}

await main();
// Nothing that a command left open may keep it from ending.
process.exit();
