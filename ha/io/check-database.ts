import { join } from "node:path";
import { z } from "zod";
import { lastLine, runCommand } from "./run-command.ts";

/** `unknown`: the check could not be made, which says nothing about the database. */
export type CheckOutcome =
  | { kind: "ok" }
  | { kind: "damaged"; problems: string[] }
  | { kind: "unknown"; reason: string };

const answer = z.object({ problems: z.array(z.string()) });

/** `PRAGMA quick_check` of a database that nobody has open, in a process of its own: it may take long. */
export async function checkDatabase(path: string, limitMs: number, env: NodeJS.ProcessEnv): Promise<CheckOutcome> {
  const { code, stdout, stderr } = await runCommand({
    command: process.execPath,
    args: [join(import.meta.dirname, "check-worker.ts"), path],
    env,
    limitMs,
  });
  if (code === null) return { kind: "unknown", reason: "the check took too long" };
  const damage = /SqliteError: (.*(?:malformed|not a database).*)/.exec(stderr)?.[1];
  if (damage !== undefined) return { kind: "damaged", problems: [damage] };
  if (code !== 0) return { kind: "unknown", reason: lastLine(stderr) };
  const { problems } = answer.parse(JSON.parse(stdout));
  return problems.length === 0 ? { kind: "ok" } : { kind: "damaged", problems };
}
