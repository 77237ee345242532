import { execFile } from "node:child_process";
import { parentBound } from "./parent-bound.ts";

/** One short-lived command: `env` is its whole environment, `limitMs` ends it by SIGKILL. */
export type CommandOptions = {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  limitMs: number;
};

/** What a command said and how it ended; `code` is null when a signal ended it, the time limit's included. */
export type CommandResult = { code: number | null; stdout: string; stderr: string };

const OUTPUT_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Runs a command to its end; it dies with this process. Rejects only when it cannot be started at all: a command that
 * does not exist ends with code 127.
 */
export function runCommand(options: CommandOptions): Promise<CommandResult> {
  const bound = parentBound(options.command, options.args);
  return new Promise((resolve, reject) => {
    execFile(
      bound.command,
      bound.args,
      { env: options.env, timeout: options.limitMs, killSignal: "SIGKILL", maxBuffer: OUTPUT_MAX_BYTES },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        if (typeof error.code === "number") return resolve({ code: error.code, stdout, stderr });
        if (error.killed === true || typeof error.signal === "string") return resolve({ code: null, stdout, stderr });
        return reject(new Error(`cannot run ${options.command}: is setpriv (util-linux) installed?`, { cause: error }));
      },
    );
  });
}

/** The last line of an output that says something, without addresses and bounded: fit for a message to a person. */
export function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "no output").replace(/[a-z+]+:\/\/\S+/gi, "<address>").slice(0, 300);
}
