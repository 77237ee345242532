import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { commandsOf, inlineOf, otherLinesOf } from "../support/documents.ts";
import { executedBy, notExecuted } from "./documented-commands.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = ["README.md", "ha/README.md", "ha/runbooks.md"];
/** What begins like this is meant to be typed. */
const isCommand = /^(?:npm|npx|trader|sudo|docker|litestream|avahi-\w+|systemctl) |^docker\/try$/;
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

test("every command of the documents is typed by a suite, or says why not and what is checked instead", () => {
  const found = new Set(documents.flatMap(commandsOf).map(({ text }) => text));
  expect(found.size).toBeGreaterThan(30);
  expect([...found].filter((text) => executedBy[text] === undefined)).toEqual([]);
  expect(Object.keys(executedBy).filter((text) => !found.has(text))).toEqual([]);
  expect(Object.values(executedBy).filter(({ by }) => !existsSync(join(root, by)))).toEqual([]);
});

test("a suite that has commands to type checks that it typed them all", () => {
  const suites = new Set(Object.values(executedBy).flatMap(({ by, not }) => (not === undefined ? [by] : [])));
  const careless = [...suites].filter(
    (suite) => !readFileSync(join(root, suite), "utf8").includes(`typedBy("${suite}")`),
  );
  expect(careless).toEqual([]);
});

test("no command hides in a block that is not one of commands", () => {
  expect(documents.flatMap(otherLinesOf).filter((line) => isCommand.test(line))).toEqual([]);
});

test("a command in the text exists: its npm script, or its trader command with those options", () => {
  const inline = new Set([...documents, "src/led/README.md"].flatMap(inlineOf).filter((text) => isCommand.test(text)));
  expect(inline.size).toBeGreaterThan(15);
  const help = new Map<string, string>();
  const wrong = [...inline].filter((text) => {
    const script = /^npm run ([\w:-]+)/.exec(text)?.[1];
    if (script !== undefined) return scripts[script] === undefined;
    const [, command = ""] = /^trader ([\w-]+)/.exec(text) ?? [];
    if (command === "") return notExecuted[text] === undefined && !/^litestream restore$/.test(text);
    if (!help.has(command)) help.set(command, helpOf(command));
    return [...text.matchAll(/ (--[\w-]+)/g)].some(([, option = ""]) => !(help.get(command) ?? "").includes(option));
  });
  expect(wrong).toEqual([]);
  expect(Object.keys(notExecuted).filter((text) => !inline.has(text))).toEqual([]);
});

function helpOf(command: string): string {
  const main = join(root, "src/cli/main.ts");
  return execFileSync(process.execPath, [main, command, "--help"], { encoding: "utf8", timeout: 20_000 });
}
