import type { Command } from "commander";
import { join, resolve } from "node:path";
import type { AtticEntry } from "../../ha/io/attic-list.ts";
import { CliError } from "./exit.ts";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson, styled } from "./output.ts";

type AtticOptions = { data: string; json?: true };

/** Adds `trader attic`: what was set aside on this node because nobody else had it. */
export function addAttic(program: Command): void {
  const attic = program.command("attic").description("ledgers that were set aside because they held rows of their own");
  const listed = attic.command("list").description("what was set aside, when and why").addOption(dataOption());
  withJson(listed).action(list);
  const shown = attic
    .command("show")
    .description("the rows that only this ledger has, by table")
    .argument("<name>", 'a name from "trader attic list"')
    .addOption(dataOption());
  withJson(shown).action(show);
  attic
    .command("export")
    .description("one SQLite file with everything that this ledger holds; the attic stays as it is")
    .argument("<name>", 'a name from "trader attic list"')
    .argument("<file>", "where to; must not exist yet")
    .addOption(dataOption())
    .action(exportLedger);
}

async function list({ data, json }: AtticOptions): Promise<void> {
  const entries = await entriesOf(data);
  if (json) return sayJson(entries);
  if (entries.length === 0) say("Nothing was ever set aside on this node.");
  for (const entry of entries) say(`${styled("bold", entry.name)}  ${why(entry)}`);
}

async function show(name: string, { data, json }: AtticOptions): Promise<void> {
  const entry = await entryOf(data, name);
  if (json) return sayJson(entry);
  say(`${entry.name}: ${why(entry)}`);
  if (entry.summary?.kind !== "tail") return;
  for (const { table, only, onlyKeys, changed, changedKeys } of entry.summary.tables) {
    say(`  ${styled("bold", table)}: ${only} only here, ${changed} with other content`);
    for (const key of onlyKeys) say(`    only here  ${key}`);
    for (const key of changedKeys) say(`    other      ${key}`);
    const left = only - onlyKeys.length + changed - changedKeys.length;
    if (left > 0) say(`    and ${left} more: trader attic export ${entry.name} FILE`);
  }
}

async function exportLedger(name: string, file: string, { data }: AtticOptions): Promise<void> {
  const { copyFileSync, existsSync, mkdtempSync, rmSync } = await import("node:fs");
  const { ledger } = await entryOf(data, name);
  const to = resolve(file);
  if (existsSync(to)) throw new CliError(`${to} exists already: choose another name.`);
  const { default: Database } = await import("better-sqlite3");
  // Opening a database writes beside it: only a copy is opened, with its log, and made one file.
  let scratch: string | undefined;
  try {
    scratch = mkdtempSync(`${to}.making-`);
    const copy = join(scratch, "ledger.db");
    for (const end of ["", "-wal"]) if (existsSync(ledger + end)) copyFileSync(ledger + end, copy + end);
    const database = new Database(copy, { fileMustExist: true });
    try {
      database.prepare("VACUUM INTO ?").run(to);
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new CliError(`${name} could not be copied to ${to}`, undefined, { cause });
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
  say(`${name} is in ${to}. Look at it with any program that reads SQLite.`);
}

async function entriesOf(data: string): Promise<AtticEntry[]> {
  const { readNodeConfig } = await import("../../ha/io/node-files.ts");
  const { readAttic } = await import("../../ha/io/attic-list.ts");
  readNodeConfig(data);
  return readAttic(data);
}

async function entryOf(data: string, name: string): Promise<AtticEntry> {
  const entry = (await entriesOf(data)).find((one) => one.name === name);
  if (entry === undefined) throw new CliError(`The attic has no ${name}: see trader attic list --data ${data}.`);
  return entry;
}

function why({ summary }: AtticEntry): string {
  if (summary === null) return "why is not known: its summary cannot be read";
  const epoch = summary.epoch === null ? "" : ` of epoch ${summary.epoch}`;
  if (summary.kind === "replaced")
    return `a copy${epoch} up to ${summary.epoch ?? 0}/${summary.txid} that "trader reinit" replaced`;
  return summary.kind === "tail"
    ? `${summary.rows} row${summary.rows === 1 ? "" : "s"}${epoch} that the other node does not have`
    : `a ledger${epoch} that could not be compared: ${summary.reason}`;
}
