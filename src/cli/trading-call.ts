import { randomUUID } from "node:crypto";
import type { CommandAnswer } from "./agent-view.ts";
import { CliError, type ExitCode, exitCodes } from "./exit.ts";
import { say, sayJson } from "./output.ts";

/** Longer than the agent itself waits for the app. */
const LIMIT_MS = 30_000;

/** One of the owner's commands to the app that has the ledger open, by the agent's socket. */
export async function askTrading(dataDir: string, body: object): Promise<CommandAnswer> {
  const { askAgent } = await import("./agent-call.ts");
  const { commandSchema } = await import("./agent-view.ts");
  return askAgent({ dataDir, method: "POST", route: "/app", body, limitMs: LIMIT_MS }, commandSchema);
}

type OnceOptions = { readonly data: string; readonly id?: string; readonly json?: true };

/**
 * Asks for what is done once under one id, and shows what came of it. Whoever has no answer, or no confirmation, is told
 * the id: what is asked for anew under another one would be done twice. `done` is the word for it.
 */
export async function askOnce(
  { data, id = randomUUID(), json }: OnceOptions,
  body: object,
  done: "booked" | "ordered",
): Promise<ExitCode> {
  const again = `Type it again with --id ${id}, and it is ${done} once.`;
  try {
    const answer = await askTrading(data, { ...body, id });
    const isSure = answer.outcome === "refused" || answer.confirmed === true;
    return sayTrading(isSure ? answer : { ...answer, lines: [...answer.lines, again] }, json === true);
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === exitCodes.noAgent) throw error;
    // What has no answer may have been done all the same.
    throw new CliError(`${error.message} ${again}`, error.exitCode, { cause: error });
  }
}

/** Shows what came of a command, and answers its exit code. */
export function sayTrading(answer: CommandAnswer, json: boolean): ExitCode {
  const { outcome, confirmed, message, lines } = answer;
  if (json) sayJson(answer);
  else {
    say(`${words[outcome]}: ${message}`);
    for (const line of lines) say(`  - ${line}`);
    if (confirmed === false)
      say("The other node has not confirmed it yet: after a failover right now it may be as before.");
  }
  return codes[outcome];
}

const words = { done: "Done", refused: "Refused", "in-progress": "In progress" } as const;
const codes = {
  done: exitCodes.done,
  refused: exitCodes.refused,
  "in-progress": exitCodes.inProgress,
} as const;
