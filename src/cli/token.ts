import { type Command, Option } from "commander";
import { z } from "zod";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type TokenOptions = { data: string; kind: "node" | "witness"; json?: true };

const answerSchema = z.object({ token: z.string(), expiresAtMs: z.number() });

/** Adds `trader token`: another one-time token for `trader join`, made on the founder. */
export function addToken(program: Command): void {
  const command = program
    .command("token")
    .description("make a one-time token for another member (on the node that founded the cluster)")
    .addOption(dataOption())
    .addOption(new Option("--kind <kind>", "what it admits").choices(["node", "witness"]).default("node"));
  withJson(command).action(token);
}

async function token(options: TokenOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { kind } = options;
  const request = { dataDir: options.data, method: "POST", route: "/token", limitMs: 5_000 } as const;
  const made = await askAgent({ ...request, body: { kind } }, answerSchema);
  if (options.json) return sayJson(made);
  const run = kind === "witness" ? `trader witness --join ${made.token}` : `trader join ${made.token}`;
  say(`Good once, until ${new Date(made.expiresAtMs).toISOString()}. On the new ${kind}:`);
  say(`  ${run} --data DIR --name NAME --host ADDRESS`);
}
