import type { Command } from "commander";
import { z } from "zod";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type Options = { data: string; revoke?: true; yes?: true; json?: true };

const madeSchema = z.object({ token: z.string(), confirmed: z.boolean() });
const revokedSchema = z.object({ revoked: z.int(), confirmed: z.boolean() });

/** Adds `trader display-token`: lets a display show amounts. */
export function addDisplayToken(program: Command): void {
  const command = program
    .command("display-token")
    .description("make a token with which a display shows amounts, not only percentages (on the primary)")
    .addOption(dataOption())
    .option("--revoke", "instead: all tokens that were ever made are void")
    .option("--yes", "do not ask");
  withJson(command).action(displayToken);
}

async function displayToken(options: Options): Promise<void> {
  const { askApp, heldText } = await import("./app-call.ts");
  const request = { dataDir: options.data, path: "/api/display-tokens" };
  if (options.revoke === true) {
    const { consent } = await import("./consent.ts");
    await consent("Void every display token?", options.yes === true);
    const done = await askApp({ ...request, method: "DELETE" }, revokedSchema);
    if (options.json) return sayJson(done);
    return say(`${done.revoked} tokens are void; their displays show percentages.${heldText(done.confirmed)}`);
  }
  const made = await askApp({ ...request, method: "POST" }, madeSchema);
  if (options.json) return sayJson(made);
  say(`Shown this once, and good until it is revoked, on whichever node leads.${heldText(made.confirmed)}`);
  say(`  trader display --from HOST --token ${made.token}`);
}
