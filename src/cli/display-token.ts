import type { Command } from "commander";
import { z } from "zod";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type Options = { data: string; revoke?: true; yes?: true; json?: true };

const madeSchema = z.object({ token: z.string(), confirmed: z.boolean() });
const revokedSchema = z.object({ revoked: z.int(), confirmed: z.boolean() });
const refusalSchema = z.object({ error: z.string() });
const LIMIT_MS = 15_000;

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
  const port = await primaryPort(options.data);
  if (options.revoke === true) {
    const { consent } = await import("./consent.ts");
    await consent("Void every display token?", options.yes === true);
    const done = await callApp(port, "DELETE", revokedSchema);
    if (options.json) return sayJson(done);
    return say(`${done.revoked} tokens are void; their displays show percentages.${heldText(done.confirmed)}`);
  }
  const made = await callApp(port, "POST", madeSchema);
  if (options.json) return sayJson(made);
  say(`Shown this once, and good until it is revoked, on whichever node leads.${heldText(made.confirmed)}`);
  say(`  trader display --from HOST --token ${made.token}`);
}

const heldText = (confirmed: boolean): string =>
  confirmed ? "" : " The other node has not confirmed it yet: a failover now may forget it.";

/** The app's port on this machine; throws with the node's name where the other one leads. */
async function primaryPort(dataDir: string): Promise<number> {
  const { askAgent } = await import("./agent-call.ts");
  const { agentViewSchema } = await import("./agent-view.ts");
  const { CliError, exitCodes } = await import("./exit.ts");
  const view = await askAgent({ dataDir, method: "GET", route: "/status", limitMs: 2_000 }, agentViewSchema);
  if (view.role === "primary" && view.ledgerOpen && view.appPort !== null) return view.appPort;
  const elsewhere = view.primary === null || view.primary === view.node ? "No node leads" : `${view.primary} leads`;
  throw new CliError(`${elsewhere}: tokens are made where the ledger is open.`, exitCodes.refused);
}

async function callApp<T>(port: number, method: "POST" | "DELETE", schema: z.ZodType<T>): Promise<T> {
  const { CliError, exitCodes } = await import("./exit.ts");
  const url = `http://127.0.0.1:${port}/api/display-tokens`;
  const init = { method, headers: { "content-type": "application/json" }, signal: AbortSignal.timeout(LIMIT_MS) };
  const body: unknown = await fetch(url, init).then(
    (response) => response.json(),
    (cause: unknown) => {
      throw new CliError("The app did not answer; whether it was done is not known.", exitCodes.inProgress, { cause });
    },
  );
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const refusal = refusalSchema.safeParse(body);
  throw new CliError(refusal.success ? `Not done: ${refusal.data.error}.` : "The app answered with something else.");
}
