import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { traps } from "./traps.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const families = [...new Set(Object.keys(traps).map((tag) => tag.split(" ")[0] ?? ""))];
/** A test's or a group's name: the text behind `test(`, `test.each(…)(` and their like. */
const named =
  /\b(?:test|describe|on\w+)(?:\.\w+)*(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\(\s*(["`])((?:\\.|(?!\1)[\s\S])*)\1/g;
const tagged = new RegExp(`\\[((?:${families.join("|")}) [\\w.-]+)\\]`, "g");

/** Every name of a test below `test/`, those of contracts included. */
const names = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => [...readFileSync(join(root, file), "utf8").matchAll(named)].map((match) => match[2] ?? ""));

test("whatever is known to go wrong has a test that names it", () => {
  expect(names.length).toBeGreaterThan(700);
  const shown = new Set(names.flatMap((name) => [...name.matchAll(tagged)].map((match) => match[1] ?? "")));
  expect(Object.keys(traps).filter((tag) => !shown.has(tag))).toEqual([]);
});
