import type { Command } from "commander";
import { hostSchema, nameSchema } from "../../ha/io/node-files.ts";
import { CliError, exitCodes } from "./exit.ts";
import { joinAsWitness } from "./join.ts";
import { refuseOtherKind } from "./kind.ts";
import { checked, dataOption, lifelineOption, port } from "./options.ts";
import { say } from "./output.ts";
import { adoptSettings } from "./settings.ts";

type WitnessOptions = {
  data: string;
  join?: string;
  name?: string;
  host?: string;
  at?: string;
  port: number;
  lifeline?: number;
};

/** Adds `trader witness`: joins first where a token is given, then votes until SIGTERM. */
export function addWitness(program: Command): void {
  program
    .command("witness")
    .description("run the witness: a third device with a vote (a Pi, a NAS, a container), for one cluster or several")
    .addOption(dataOption())
    .option("--join <token>", "join with this token first; where a witness runs here already, it votes there too")
    .option(
      "--name <name>",
      "with --join: name of the witness; witness where absent",
      checked(nameSchema, "1 to 32 of a-z, 0-9 and inner hyphens"),
    )
    .option(
      "--host <host>",
      "with --join: where the nodes reach it; this machine's address on their network where absent",
      checked(hostSchema, "an IP address or a host name"),
    )
    .option("--at <host>", "with --join: where the node is that made the token, if it has moved since")
    .option("--port <port>", "with --join: heartbeats (UDP), for all its clusters", port, 8008)
    .addOption(lifelineOption())
    .action(witness);
}

async function witness(options: WitnessOptions): Promise<void> {
  const { data: dataDir, join: token, name, host, at } = options;
  if (token !== undefined) {
    const { config } = await joinAsWitness({ token, dir: dataDir, name, host, at, port: options.port, quiet: false });
    if (await reloaded(dataDir))
      return say(`${config.name} votes there now: the witness that runs here has taken it up.`);
  }
  refuseOtherKind(dataDir, "witness");
  await adoptSettings(dataDir);
  const { runWitness } = await import("../../ha/witness.ts");
  process.exitCode = await runWitness({ dataDir, lifelinePid: options.lifeline ?? null });
}

/** Tells a witness that runs here already of its new cluster; false: none runs. */
async function reloaded(dataDir: string): Promise<boolean> {
  const { askAgent } = await import("./agent-call.ts");
  const { witnessViewSchema } = await import("./agent-view.ts");
  try {
    await askAgent({ dataDir, method: "POST", route: "/reload", limitMs: 10_000 }, witnessViewSchema);
    return true;
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.noAgent) return false;
    throw error;
  }
}
