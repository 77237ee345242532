import type { Command } from "commander";
import { z } from "zod";
import { dataOption, wholeNumber, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type HistoryOptions = { data: string; limit: number; json?: true };

const eventsSchema = z.array(z.looseObject({ at: z.string(), sentence: z.string() }));

/** Adds `trader history`: failovers, switchovers, rejoins, oldest first. */
export function addHistory(program: Command): void {
  const command = program
    .command("history")
    .description("what happened to the pair: failovers, switchovers, rejoins")
    .addOption(dataOption())
    .option("--limit <n>", "newest events only", wholeNumber(1, 1000), 20);
  withJson(command).action(history);
}

async function history(options: HistoryOptions): Promise<void> {
  const events = await ofAgent(options).catch((error: unknown) => ofFile(options, error));
  if (options.json) return sayJson(events);
  if (events.length === 0) say("Nothing has happened yet.");
  for (const { at, sentence } of events) say(`${at}  ${sentence}`);
}

async function ofAgent(options: HistoryOptions): Promise<z.infer<typeof eventsSchema>> {
  const { askAgent } = await import("./agent-call.ts");
  const route = `/history?limit=${options.limit}`;
  return askAgent({ dataDir: options.data, method: "GET", route, limitMs: 3_000 }, eventsSchema);
}

/** The history is readable without an agent too: that is when one wants to know. */
async function ofFile(options: HistoryOptions, error: unknown): Promise<z.infer<typeof eventsSchema>> {
  const { CliError, exitCodes } = await import("./exit.ts");
  if (!(error instanceof CliError) || error.exitCode !== exitCodes.noAgent) throw error;
  const { readHistory, sentence } = await import("../../ha/io/history.ts");
  const { readNodeConfig } = await import("../../ha/io/node-files.ts");
  readNodeConfig(options.data);
  const events = await readHistory(options.data, options.limit);
  return events.map((event) => ({ ...event, sentence: sentence(event) }));
}
