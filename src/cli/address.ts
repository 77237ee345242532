import type { Command } from "commander";
import { hostSchema } from "../../ha/io/node-files.ts";
import { checked, dataOption, withJson } from "./options.ts";

type AddressOptions = { data: string; dryRun?: true; json?: true };

/** Adds `trader address NAME HOST`: where a member is reached from now on, in everybody's roster. */
export function addAddress(program: Command): void {
  const command = program
    .command("address")
    .description("say where a member is reached from now on, on the node that leads; nothing is restarted")
    .argument("<name>", 'its name, as "trader members" shows it')
    .argument("<host>", "its new address", checked(hostSchema, "an IP address or a host name"))
    .addOption(dataOption())
    .option("--dry-run", "show the checks, change nothing");
  withJson(command).action(address);
}

async function address(name: string, host: string, options: AddressOptions): Promise<void> {
  const { changeMembers } = await import("./change-members.ts");
  // Nothing is lost by it: whoever moved is still found by what it sends, and by mDNS.
  await changeMembers({ ...options, yes: true, route: "/address", body: { name, host }, question: "", word: null });
}
