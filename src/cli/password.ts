import { chownSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { dataOption } from "./options.ts";
import { say } from "./output.ts";

type Options = { data: string; stdin?: true; generate?: true };

const charsMin = 10;
const charsMax = 200;

/** Adds `trader password`: sets the password of the page on this node. */
export function addPassword(program: Command): void {
  program
    .command("password")
    .description("set the password of the page on this node; do the same on the other one")
    .addOption(dataOption())
    .option("--stdin", "read it from the first line of the standard input, for scripts")
    .option("--generate", "make one and show it once")
    .action(password);
}

async function password(options: Options): Promise<void> {
  const { readSecrets, writeSecrets } = await import("../../ha/io/node-files.ts");
  const { hashPassword, makePassword } = await import("../web/admin-password.ts");
  const { refuseWitness } = await import("./kind.ts");
  refuseWitness(options.data);
  // Read first: what is typed is not to be lost to a file that is not there.
  readSecrets(options.data);
  const file = join(options.data, "secrets.json");
  const { uid, gid } = statSync(file);
  const made = options.generate === true ? makePassword() : null;
  const given = await accepted(made ?? (options.stdin === true ? await firstLine() : await askTwice()));
  const adminPasswordHash = await hashPassword(given);
  writeSecrets(options.data, { ...readSecrets(options.data), adminPasswordHash });
  // By sudo it would be root's, and the service could read it no more.
  if (process.getuid?.() === 0) chownSync(file, uid, gid);
  if (made !== null) say(`Shown this once: ${made}`);
  say("Set, and in force at once; whoever was logged in by the old one is logged out.");
  say("Each node keeps its own: do the same on the other one, or it asks for the old password when it leads.");
}

async function accepted(given: string): Promise<string> {
  const { CliError } = await import("./exit.ts");
  const chars = given.length;
  if (chars >= charsMin && chars <= charsMax) return given;
  throw new CliError(
    `A password has ${charsMin} to ${charsMax} characters, this one has ${chars}: nothing was changed.`,
  );
}

const firstLine = async (): Promise<string> => (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? "";

async function askTwice(): Promise<string> {
  const { CliError, exitCodes } = await import("./exit.ts");
  if (!process.stdin.isTTY) {
    throw new CliError("There is no terminal to ask on: give the password with --stdin.", exitCodes.refused);
  }
  const first = await askHidden("New password: ");
  if (first === (await askHidden("Once more: "))) return first;
  throw new CliError("The two are not the same: nothing was changed.");
}

/** Asks on the terminal without showing what is typed. */
async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const readline = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await readline.question("");
  } finally {
    readline.close();
    process.stderr.write("\n");
  }
}
