import type { Command } from "commander";
import { dataOption, withJson } from "./options.ts";

type SwitchoverOptions = { data: string; dryRun?: true; yes?: true; json?: true };

/** Adds `trader switchover`: hands the lead to the other node, losing nothing. */
export function addSwitchover(program: Command): void {
  const command = program
    .command("switchover")
    .description("hand the lead to the other node; planned, loses nothing")
    .addOption(dataOption())
    .option("--dry-run", "show the checks, change nothing")
    .option("--yes", "do not ask");
  withJson(command).action(switchover);
}

async function switchover(options: SwitchoverOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { handoverSchema } = await import("./agent-view.ts");
  const { consent } = await import("./consent.ts");
  const { HANDOVER_LIMIT_MS, handoverExitCode, sayHandover } = await import("./handover.ts");
  const dryRun = options.dryRun === true;
  if (!dryRun) await consent("Hand the lead to the other node?", options.yes === true);
  const request = { dataDir: options.data, method: "POST", route: "/switchover", limitMs: HANDOVER_LIMIT_MS } as const;
  const handover = await askAgent({ ...request, body: { dryRun } }, handoverSchema);
  sayHandover(handover, options.json === true);
  process.exitCode = handoverExitCode(handover);
}
