import { Argument, type Command } from "commander";
import { dataOption, withJson } from "./options.ts";

type MaintenanceOptions = { data: string; json?: true };

/** Adds `trader maintenance on|off`: for the whole cluster, kept by its voters. */
export function addMaintenance(program: Command): void {
  const command = program
    .command("maintenance")
    .description(
      "on: nobody takes over by itself until it is off again; for both nodes, to be run where the primary is",
    )
    .addArgument(new Argument("<state>").choices(["on", "off"]))
    .addOption(dataOption());
  withJson(command).action(maintenance);
}

async function maintenance(state: "on" | "off", options: MaintenanceOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { handoverSchema } = await import("./agent-view.ts");
  const { HANDOVER_LIMIT_MS, handoverExitCode, sayHandover } = await import("./handover.ts");
  const { data: dataDir } = options;
  const request = { dataDir, method: "POST", route: "/maintenance", limitMs: HANDOVER_LIMIT_MS } as const;
  const changed = await askAgent({ ...request, body: { on: state === "on" } }, handoverSchema);
  sayHandover(changed, options.json === true);
  process.exitCode = handoverExitCode(changed);
}
