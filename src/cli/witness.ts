import type { Command } from "commander";
import { hostSchema, nameSchema } from "../../ha/io/node-files.ts";
import { CliError } from "./exit.ts";
import { joinAsWitness } from "./join.ts";
import { refuseOtherKind } from "./kind.ts";
import { checked, dataOption, lifelineOption, port } from "./options.ts";

type WitnessOptions = {
  data: string;
  join?: string;
  name?: string;
  host?: string;
  port: number;
  lifeline?: number;
};

/** Adds `trader witness`: joins first where a token is given, then votes until SIGTERM. */
export function addWitness(program: Command): void {
  program
    .command("witness")
    .description("run the witness: a third device with a vote (a Pi, a NAS, a container)")
    .addOption(dataOption())
    .option("--join <token>", "join with this token first")
    .option(
      "--name <name>",
      "with --join: name of the witness",
      checked(nameSchema, "1 to 32 of a-z, 0-9 and inner hyphens"),
    )
    .option(
      "--host <host>",
      "with --join: where the nodes reach it",
      checked(hostSchema, "an IP address or a host name"),
    )
    .option("--port <port>", "with --join: heartbeats (UDP) and health (TCP)", port, 8008)
    .addOption(lifelineOption())
    .action(witness);
}

async function witness(options: WitnessOptions): Promise<void> {
  const { data: dataDir, join: token, name, host } = options;
  if (token !== undefined) {
    if (name === undefined || host === undefined) throw new CliError("--join needs --name and --host as well.");
    await joinAsWitness({ token, dir: dataDir, name, host, ports: { agent: options.port } });
  }
  const { readWitnessConfig } = await import("../../ha/io/node-files.ts");
  refuseOtherKind(dataDir, "witness");
  readWitnessConfig(dataDir);
  const { runWitness } = await import("../../ha/witness.ts");
  process.exitCode = await runWitness({ dataDir, lifelinePid: options.lifeline ?? null });
}
