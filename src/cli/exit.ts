import { inspect } from "node:util";

/** Exit codes of every command; documented in `trader --help`. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** A check said no; nothing was changed. */
  refused: 2,
  /** It goes on; look again with `trader status`. */
  inProgress: 3,
  /** No agent answers for this data directory. */
  noAgent: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command with one clear line and this exit code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** A failure as one line, no stack: its message, and those of its causes unless it is a whole sentence already. */
export function oneLine(error: unknown): string {
  const parts: string[] = [];
  let at = error;
  while (at !== undefined && parts.length < 4) {
    const text = at instanceof Error ? at.message : typeof at === "string" ? at : inspect(at);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error && !text.endsWith(".") ? at.cause : undefined;
  }
  return parts.join(": ").replaceAll(/\s*\n\s*/g, " ");
}
