import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { portSchema } from "../../ha/io/node-files.ts";

/** What an option's text is checked by; any zod schema is one. */
type Checker<T> = { safeParse(text: unknown): { success: true; data: T } | { success: false } };

/** An option parser that refuses what `schema` refuses; commander adds the option's name, `remedy` says what is wanted. */
export const checked =
  <T>(schema: Checker<T>, remedy: string): ((text: string) => T) =>
  (text) => {
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    throw new InvalidArgumentError(`Give ${remedy}.`);
  };

const number = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** A whole number in a range, as an option parser. */
export const wholeNumber = (min: number, max: number): ((text: string) => number) =>
  checked(number.pipe(z.int().min(min).max(max)), `a whole number from ${min} to ${max}`);

/** A TCP or UDP port, as an option parser. */
export const port = checked(number.pipe(portSchema), "a port from 1 to 65535");

/** An http or https address without a path, as an option parser. */
export const url = checked(
  z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, "")),
  'an address such as "https://paper-api.alpaca.markets"',
);

/** `--data DIR`, which every command of a node or witness takes; absolute afterwards. */
export const dataOption = (): Option =>
  new Option("--data <dir>", "data directory of this node")
    .env("TRADER_DATA")
    .makeOptionMandatory()
    .argParser((dir) => resolve(dir));

/** `--json`: one JSON line on stdout for machines. */
export const withJson = (command: Command): Command => command.option("--json", "one JSON line instead of text");

/** `--lifeline PID`, hidden: the process ends when that process is gone. */
export const lifelineOption = (): Option =>
  new Option("--lifeline <pid>", "end when the process with this id is gone")
    .argParser(wholeNumber(2, 2 ** 31))
    .hideHelp();

/** `--root DIR`, hidden: the folder that stands for the machine; nothing outside of it is changed. */
export const rootOption = (): Option =>
  new Option("--root <dir>", "a folder that stands for the machine")
    .default("/")
    .argParser((dir) => resolve(dir))
    .hideHelp();
