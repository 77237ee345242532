import type { Handover } from "./agent-view.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { say, sayJson, styled } from "./output.ts";

/** Longer than the agent itself waits before it says "in progress". */
export const HANDOVER_LIMIT_MS = 15_000;

/** Shows each check by its name and what came of it. */
export function sayHandover(handover: Handover, json: boolean): void {
  if (json) return sayJson(handover);
  for (const { name, ok, detail } of handover.checks) {
    say(`${ok ? styled("green", "  ok") : styled("red", "  no")}  ${name}${detail === "" ? "" : `: ${detail}`}`);
  }
  say(`${word(handover)}${handover.message}`);
  if (handover.outcome === "in-progress") say('It goes on. Look again with "trader status".');
}

function word({ outcome }: Handover): string {
  switch (outcome) {
    case "dry-run":
      return "Dry run: ";
    case "done":
      return "Done: ";
    case "in-progress":
      return "In progress: ";
    case "refused":
      return "Refused: ";
    case "put-back":
      return "Put back, everything is as before: ";
  }
}

/** The exit code of an outcome; a dry run tells what the real one would meet. */
export function handoverExitCode({ outcome, checks }: Handover): ExitCode {
  switch (outcome) {
    case "done":
      return exitCodes.done;
    case "dry-run":
      return checks.every(({ ok }) => ok) ? exitCodes.done : exitCodes.refused;
    case "refused":
      return exitCodes.refused;
    case "in-progress":
      return exitCodes.inProgress;
    case "put-back":
      return exitCodes.failed;
  }
}
