import type { Command } from "commander";
import { dataOption, withJson } from "./options.ts";

type RetireOptions = { data: string; dryRun?: true; yes?: true; json?: true };

/** Adds `trader retire NAME`: makes room for a replacement. */
export function addRetire(program: Command): void {
  const command = program
    .command("retire")
    .description("put a dead board or an old witness out of the cluster for good, on the node that leads")
    .argument("<name>", 'its name, as "trader members" shows it')
    .addOption(dataOption())
    .option("--dry-run", "show the checks, change nothing")
    .option("--yes", "do not ask");
  withJson(command).action(retire);
}

async function retire(name: string, options: RetireOptions): Promise<void> {
  const { changeMembers } = await import("./change-members.ts");
  const question = `${name} leads and votes no more, and what only it has stays on its disk. It can come back only by joining anew.`;
  await changeMembers({ ...options, route: "/retire", body: { name }, question, word: name });
}
