import type { Command } from "commander";
import { z } from "zod";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type Options = { data: string; write?: true; yes?: true; json?: true };

const madeSchema = z.object({ token: z.string(), confirmed: z.boolean() });
const listSchema = z.object({ tokens: z.array(z.object({ name: z.string(), scope: z.string(), madeAt: z.string() })) });
const revokedSchema = z.object({ revoked: z.int(), confirmed: z.boolean() });

/** Adds `trader api-token create|list|revoke`: with what scripts use the API. */
export function addApiToken(program: Command): void {
  const command = program.command("api-token").description("tokens with which scripts use the API (on the primary)");
  const create = command
    .command("create")
    .description("make one; it is shown once")
    .argument("<name>", "of the script");
  withJson(create.addOption(dataOption()).option("--write", "it may change things too, not only read")).action(make);
  const list = command.command("list").description("their names, and what they may do");
  withJson(list.addOption(dataOption())).action(show);
  const revoke = command.command("revoke").description("void one").argument("<name>", "of the script");
  withJson(revoke.addOption(dataOption()).option("--yes", "do not ask")).action(voidOne);
}

async function make(name: string, options: Options): Promise<void> {
  const { askApp, heldText } = await import("./app-call.ts");
  const body = { name, scope: options.write === true ? "write" : "read" };
  const made = await askApp({ dataDir: options.data, method: "POST", path: "/api/tokens", body }, madeSchema);
  if (options.json) return sayJson(made);
  say(`Shown this once, and good until it is revoked, on whichever node leads.${heldText(made.confirmed)}`);
  say(`  curl -H "Authorization: Bearer ${made.token}" http://HOST:8000/api/portfolio`);
}

async function show(options: Options): Promise<void> {
  const { askApp } = await import("./app-call.ts");
  const { tokens } = await askApp({ dataDir: options.data, method: "GET", path: "/api/tokens" }, listSchema);
  if (options.json) return sayJson({ tokens });
  if (tokens.length === 0) say("There are none.");
  for (const { name, scope, madeAt } of tokens) say(`${name}  ${scope}  ${madeAt.slice(0, 10)}`);
}

async function voidOne(name: string, options: Options): Promise<void> {
  const { askApp, heldText } = await import("./app-call.ts");
  const { consent } = await import("./consent.ts");
  await consent(`Void the token "${name}"?`, options.yes === true);
  const path = `/api/tokens/${encodeURIComponent(name)}`;
  const done = await askApp({ dataDir: options.data, method: "DELETE", path }, revokedSchema);
  if (options.json) return sayJson(done);
  say(`"${name}" is void.${heldText(done.confirmed)}`);
}
