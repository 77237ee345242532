import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Whom a folder of sources may import, besides itself; the first rule that fits a file counts. */
const rules: readonly { readonly of: string; readonly may: readonly string[]; readonly packages: "none" | "any" }[] = [
  { of: "ha/core/", may: [], packages: "none" },
  { of: "ha/contract.ts", may: [], packages: "any" },
  { of: "ha/io/", may: ["ha/core/", "ha/contract.ts"], packages: "any" },
  { of: "ha/link/", may: ["ha/io/", "ha/core/"], packages: "any" },
  { of: "ha/", may: ["ha/"], packages: "any" },
  { of: "src/market/anomaly/", may: [], packages: "none" },
  { of: "src/market/calendar/", may: [], packages: "none" },
  { of: "src/market/fx/", may: ["src/market/anomaly/"], packages: "none" },
  {
    of: "src/planning/",
    may: ["src/app-ports.ts", "src/scoring/score-input.ts", "src/analytics/money/shares.ts"],
    packages: "none",
  },
  { of: "src/analytics/", may: [], packages: "none" },
  { of: "src/scoring/", may: ["src/app-ports.ts", "src/analytics/metrics/"], packages: "none" },
  // Composes the two halves; everywhere else they meet in one file.
  { of: "src/cli/", may: ["src/", "ha/"], packages: "any" },
  { of: "src/demo/", may: ["src/", "ha/"], packages: "any" },
  { of: "src/", may: ["src/", "ha/contract.ts"], packages: "any" },
];

const sources = ["ha", "src"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith(".ts"));

const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?<!")\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );

function violations(file: string): string[] {
  const rule = rules.find(({ of }) => file.startsWith(of));
  if (rule === undefined) return [`${file}: no rule`];
  return importsOf(file).flatMap((specifier) => {
    if (!specifier.startsWith(".")) return rule.packages === "none" ? [`${file} imports the package ${specifier}`] : [];
    const target = relative(root, resolve(root, dirname(file), specifier));
    const allowed = [rule.of, ...rule.may].some((prefix) => target.startsWith(prefix) || !/^(ha|src)\//.test(target));
    return allowed ? [] : [`${file} imports ${target}`];
  });
}

test("imports go from the shell to the core, and the halves meet only in ha/contract.ts", () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.flatMap(violations)).toEqual([]);
});

test("no file only re-exports", () => {
  const barrels = sources.filter((file) => {
    const lines = readFileSync(join(root, file), "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("//"));
    return lines.length > 0 && lines.every((line) => line.startsWith("export ") && line.includes(" from "));
  });
  expect(barrels).toEqual([]);
});
