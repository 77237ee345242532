import type { CommandAnswer } from "./agent-view.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { say, sayJson } from "./output.ts";

/** Longer than the agent itself waits for the app. */
const LIMIT_MS = 30_000;

/** One of the owner's commands to the app that has the ledger open, by the agent's socket. */
export async function askTrading(dataDir: string, body: object): Promise<CommandAnswer> {
  const { askAgent } = await import("./agent-call.ts");
  const { commandSchema } = await import("./agent-view.ts");
  return askAgent({ dataDir, method: "POST", route: "/app", body, limitMs: LIMIT_MS }, commandSchema);
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
