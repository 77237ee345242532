/** What came of a command: one sentence, and more lines where there is more to say. */
export type CommandOutcome = {
  readonly outcome: "done" | "refused";
  /** Whether the other node has what was written; null when nothing was. */
  readonly confirmed: boolean | null;
  readonly message: string;
  readonly lines: readonly string[];
};

/** Nothing was done, and why. */
export const refused = (message: string, lines: readonly string[] = []): CommandOutcome => ({
  outcome: "refused",
  confirmed: null,
  message,
  lines,
});

/** What was done. */
export const done = (message: string, confirmed: boolean | null, lines: readonly string[] = []): CommandOutcome => ({
  outcome: "done",
  confirmed,
  message,
  lines,
});
