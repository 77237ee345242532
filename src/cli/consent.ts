import { createInterface } from "node:readline/promises";
import { CliError, exitCodes } from "./exit.ts";

/** What `ask` needs of a terminal. */
export type Asker = { readonly isTty: boolean; question(text: string): Promise<string> };

/** The process's own terminal; questions go to stderr, so that stdout stays clean. */
export const terminalAsker: Asker = {
  isTty: process.stdin.isTTY && process.stderr.isTTY,
  question: async (text) => {
    const readline = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await readline.question(text);
    } finally {
      readline.close();
    }
  },
};

/**
 * Returns when the person agrees: by `--yes`, by "y" at a yes-or-no question, or by typing `word` where one is wanted.
 * Throws without a terminal and without `--yes`, and when the answer is no.
 */
export async function consent(
  question: string,
  yes: boolean,
  word: string | null = null,
  asker: Asker = terminalAsker,
): Promise<void> {
  if (yes) return;
  if (!asker.isTty)
    throw new CliError(`${question} There is no terminal to ask on: add --yes to agree.`, exitCodes.refused);
  const answer = await asker.question(word === null ? `${question} [y/N] ` : `${question} Type "${word}" to agree: `);
  const agreed = word === null ? /^y(es)?$/i.test(answer.trim()) : answer.trim() === word;
  if (!agreed) throw new CliError("Not confirmed: nothing was changed.", exitCodes.refused);
}
