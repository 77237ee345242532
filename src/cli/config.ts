import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { CliError } from "./exit.ts";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson, styled } from "./output.ts";

type ConfigOptions = { data: string; json?: true };

/** Adds `trader config`: the settings of a node or witness, `trader.yml` in its data directory. */
export function addConfig(program: Command): void {
  const config = program.command("config").description("trader.yml: prices, orders, alerts, MQTT, LEDs, log");
  config
    .command("init")
    .description("write a trader.yml with every setting explained and commented out")
    .addOption(dataOption())
    .action(init);
  withJson(config.command("check").description("say all that is wrong with it").addOption(dataOption())).action(check);
  withJson(config.command("show").description("what is in force and why").addOption(dataOption())).action(show);
}

async function init({ data }: ConfigOptions): Promise<void> {
  const { commentedFile } = await import("../config/commented-file.ts");
  const { settingsName } = await import("../config/read-settings.ts");
  const { writeFileDurably } = await import("../../ha/io/durable-file.ts");
  const file = join(data, settingsName);
  if (!existsSync(data)) throw new CliError(`${data} is not there: set it up with "trader init" or "trader join".`);
  if (existsSync(file)) throw new CliError(`${file} exists already: it was left as it is.`);
  writeFileDurably(file, commentedFile());
  say(`${file} changes nothing until you take a # away.`);
}

async function check({ data, json }: ConfigOptions): Promise<void> {
  const { environmentProblems, problemLine, readSettings } = await import("../config/read-settings.ts");
  const { given, problems } = readSettings(data);
  const lines = [...problems.map((problem) => problemLine(data, problem)), ...environmentProblems(process.env)];
  if (lines.length > 0) process.exitCode = 1;
  if (json) return sayJson({ ok: lines.length === 0, problems: lines });
  for (const line of lines) process.stderr.write(`${line}\n`);
  if (lines.length === 0) say(`All is well: ${given.length} set in the file, the rest by environment or default.`);
}

async function show({ data, json }: ConfigOptions): Promise<void> {
  const { environmentProblems, inForce, problemLine, readSettings } = await import("../config/read-settings.ts");
  const file = readSettings(data);
  const wrong = [...file.problems.map((problem) => problemLine(data, problem)), ...environmentProblems(process.env)];
  if (wrong.length > 0) process.exitCode = 1;
  for (const line of wrong) process.stderr.write(`${line}\n`);
  const rows = [
    ...inForce(file, process.env).map(({ field, text, source }) => ({
      field: field.path,
      value: text !== null && (field.hidden || text.includes("@")) ? "(hidden)" : text,
      source,
    })),
    ...(await secrets(data)),
  ];
  if (json) return sayJson(rows);
  const width = Math.max(...rows.map(({ field }) => field.length));
  for (const { field, value, source } of rows)
    say(`${field.padEnd(width)}  ${styled("bold", value ?? "not set")}  ${source}`);
}

/** Which secrets there are, never what they are; nothing where this directory has no such file. */
async function secrets(data: string): Promise<{ field: string; value: string; source: string }[]> {
  const { readSecrets } = await import("../../ha/io/node-files.ts");
  if (!existsSync(join(data, "secrets.json"))) return [];
  return Object.keys(readSecrets(data)).map((field) => ({ field, value: "(hidden)", source: "secrets.json" }));
}
