import { join } from "node:path";
import type { z } from "zod";
import { callControl } from "../../ha/io/control.ts";
import { errorCode } from "../../ha/io/durable-file.ts";
import { controlErrorSchema } from "./agent-view.ts";
import { CliError, exitCodes, oneLine } from "./exit.ts";
import { refuseWitness } from "./kind.ts";

/** One request to the agent of a data directory. */
export type AgentRequest = {
  readonly dataDir: string;
  readonly method: "GET" | "POST";
  readonly route: string;
  readonly body?: object;
  readonly limitMs: number;
};

/** Asks the agent of a data directory over its socket; throws CliError with the exit code that fits. */
export async function askAgent<T>(request: AgentRequest, schema: z.ZodType<T>): Promise<T> {
  const { dataDir, method, route, body, limitMs } = request;
  let answer: { status: number; body: unknown };
  try {
    answer = await callControl(join(dataDir, "run", "agent.sock"), method, route, body, limitMs);
  } catch (cause) {
    refuseWitness(dataDir);
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(message, exitCodeOf(cause), { cause });
  }
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const refusal = controlErrorSchema.safeParse(answer.body);
  if (refusal.success) throw new CliError(refusal.data.error);
  throw new CliError(
    `The agent of ${dataDir} answered ${route} in a way that this version does not understand: ${oneLine(parsed.error.issues[0]?.message)}.`,
  );
}

// Late is not failed: the agent may be at it still.
function exitCodeOf(failure: unknown): (typeof exitCodes)["noAgent" | "inProgress" | "failed"] {
  const cause = failure instanceof Error ? failure.cause : undefined;
  const code = errorCode(cause);
  if (code === "ENOENT" || code === "ECONNREFUSED") return exitCodes.noAgent;
  if (cause instanceof Error && (cause.name === "TimeoutError" || cause.name === "AbortError"))
    return exitCodes.inProgress;
  return exitCodes.failed;
}
