import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openDataDir } from "../../../src/demo/data-dir.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "data-dir-"));
  vi.stubEnv("TMPDIR", top);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(top, { recursive: true });
});

test("temporary data is removed at the end, data with a name is kept", () => {
  const temporary = openDataDir(null);
  writeFileSync(join(temporary.path, "file"), "");
  temporary.remove();
  expect(existsSync(temporary.path)).toBe(false);
  const kept = openDataDir(join(top, "kept"));
  kept.remove();
  expect(existsSync(kept.path)).toBe(true);
});

test("what a killed demo left is removed by the next one, what a running one has is not", () => {
  // No pid reaches 2^22 with the kernel's own bound.
  const left = join(top, "trader-demo-4194999-abc");
  const running = join(top, `trader-demo-${process.pid}-abc`);
  mkdirSync(left);
  mkdirSync(running);
  openDataDir(null).remove();
  expect([existsSync(left), existsSync(running)]).toEqual([false, true]);
});

test("a directory that cannot be written, or holds a demo, or is too deep for a socket is refused by its name", () => {
  writeFileSync(join(top, "file"), "");
  expect(() => openDataDir(join(top, "file"))).toThrow(/--data .*file: cannot be written .*not a directory/);
  expect(() => openDataDir("/proc/nothing")).toThrow(/cannot be written \(ENOENT\)/);
  mkdirSync(join(top, "used", "node-b"), { recursive: true });
  expect(() => openDataDir(join(top, "used"))).toThrow(/holds an earlier demo \(node-b\)/);
  expect(() => openDataDir(join(top, "x".repeat(90)))).toThrow(/too long/);
  vi.stubEnv("TMPDIR", join(top, "absent"));
  expect(() => openDataDir(null)).toThrow(/absent: cannot be written/);
});
