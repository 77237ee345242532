import type { Command } from "commander";
import { say } from "./output.ts";

/** Adds `trader fetch-litestream`: what `run` and `demo` would fetch at their first need. */
export function addFetchLitestream(program: Command): void {
  program
    .command("fetch-litestream")
    .description("fetch Litestream ahead of the first need, checked against its pinned checksum")
    .action(async () => say(await litestreamPath((line) => process.stderr.write(`${line}\n`))));
}

/** The path of Litestream, fetched if needed; throws with what was tried and how to do it by hand. */
export async function litestreamPath(progress: (line: string) => void): Promise<string> {
  const { findLitestream } = await import("../../ha/io/litestream-binary.ts");
  const { pino } = await import("pino");
  return findLitestream({ env: process.env, log: pino({ level: "silent" }), fetch: true, progress });
}
