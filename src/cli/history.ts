import type { Command } from "commander";
import type { HistoryEvent } from "../../ha/io/history.ts";
import { dataOption, wholeNumber, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type HistoryOptions = { data: string; limit: number; json?: true };
type Told = { readonly events: readonly (HistoryEvent & { sentence: string })[]; readonly missing: string | null };

/** Adds `trader history`: what happened to the pair, oldest first, from what both nodes wrote down. */
export function addHistory(program: Command): void {
  const command = program
    .command("history")
    .description("what happened to the pair: each failover with its reason, its length and what was lost")
    .addOption(dataOption())
    .option("--limit <n>", "newest events only", wholeNumber(1, 1000), 20);
  withJson(command).action(history);
}

async function history(options: HistoryOptions): Promise<void> {
  const { events, missing } = await ofPair(options).catch((error: unknown) => ofFile(options, error));
  const newest = events.slice(-options.limit);
  if (options.json) return sayJson(newest);
  if (newest.length === 0) say("Nothing has happened yet.");
  for (const { at, sentence } of newest) say(`${at}  ${sentence}`);
  if (missing !== null) say(`(${missing})`);
}

/** The exact rows that a takeover lost are known to the node that came back. */
async function ofPair({ data, limit }: HistoryOptions): Promise<Told> {
  const { askAgent } = await import("./agent-call.ts");
  const { eventsSchema, told } = await import("./pair-history.ts");
  const request = { dataDir: data, method: "GET", route: `/history?limit=${limit}`, limitMs: 3_000 } as const;
  const own = await askAgent(request, eventsSchema);
  const { events, missing } = await ofPeer(data);
  return { events: told(own, events), missing };
}

async function ofPeer(dataDir: string): Promise<{ events: readonly HistoryEvent[]; missing: string | null }> {
  const { peerOf } = await import("./peer-call.ts");
  const { peerEventsSchema } = await import("./pair-history.ts");
  const peer = await peerOf(dataDir);
  if (peer === null) return { events: [], missing: null };
  return peer.ask("history", peerEventsSchema).then(
    ({ events }) => ({ events, missing: null }),
    () => ({ events: [], missing: `${peer.name} does not answer: this is what this node wrote down` }),
  );
}

/** The history is readable without an agent too: that is when one wants to know. */
async function ofFile({ data }: HistoryOptions, error: unknown): Promise<Told> {
  const { CliError, exitCodes } = await import("./exit.ts");
  if (!(error instanceof CliError) || error.exitCode !== exitCodes.noAgent) throw error;
  const { readHistory } = await import("../../ha/io/history.ts");
  const { told } = await import("./pair-history.ts");
  const { readNodeConfig } = await import("../../ha/io/node-files.ts");
  const { name } = readNodeConfig(data);
  return { events: told(await readHistory(data, 1_000), []), missing: `only what ${name} itself wrote down` };
}
