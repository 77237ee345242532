import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { CliError } from "./exit.ts";
import { dataOption, withJson } from "./options.ts";
import { say } from "./output.ts";

type StatusOptions = { data: string; watch?: true; json?: true };

const WATCH_MS = 1_000;
const LIMIT_MS = 2_000;

/** Adds `trader status`. */
export function addStatus(program: Command): void {
  const command = program
    .command("status")
    .description("this node and its pair: role, lease, lag, protection, and what is not as it should be")
    .addOption(dataOption())
    .option("--watch", "again each second");
  withJson(command).action(status);
}

async function status(options: StatusOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { agentViewSchema } = await import("./agent-view.ts");
  const { kindOf } = await import("./kind.ts");
  const { statusLines } = await import("./status-text.ts");
  if (kindOf(options.data) === "witness") {
    const { sayWitness } = await import("./witness-status.ts");
    return sayWitness(options.data, options.json === true);
  }
  const request = { dataDir: options.data, method: "GET", route: "/status", limitMs: LIMIT_MS } as const;
  const redraw = options.watch === true && options.json !== true && process.stdout.isTTY;
  for (;;) {
    // While watching, an agent that is away is news, not the end.
    const lines = await askAgent(request, agentViewSchema.loose()).then(
      (view) => (options.json ? [JSON.stringify(view)] : statusLines(view, Date.now())),
      (error: unknown) => {
        if (options.watch === true && error instanceof CliError) return awayLines(error, options.json === true);
        throw error;
      },
    );
    if (redraw) process.stdout.write("\u001B[H\u001B[2J");
    for (const line of lines) say(line);
    if (options.watch !== true) return;
    await sleep(WATCH_MS);
  }
}

const awayLines = (error: CliError, json: boolean): readonly string[] => [
  json ? JSON.stringify({ error: error.message, exitCode: error.exitCode }) : error.message,
];
