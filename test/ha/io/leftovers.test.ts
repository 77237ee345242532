import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { killLeftovers } from "../../../ha/io/leftovers.ts";
import { writePidFile } from "../../../ha/io/pid-file.ts";
import { type ProcessIdentity, groupGone, identify, isRunning, killGroup } from "../../../ha/io/proc.ts";

const log = pino({ level: "silent" });
let dir: string;
let started: ProcessIdentity[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "leftovers-"));
  started = [];
});
afterEach(async () => {
  for (const identity of started) {
    killGroup(identity);
    await groupGone(identity, 10_000);
  }
  rmSync(dir, { recursive: true, force: true });
});

function leftover(command: string, args: string[]): ProcessIdentity {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", command, ...args], { detached: true, stdio: "ignore" });
  const identity = identify(child.pid ?? 0);
  if (identity === null) throw new Error("not started");
  started.push(identity);
  return identity;
}

test("[HA-8] a starting agent kills what its pid files name and waits until it is gone", async () => {
  const one = leftover("sleep", ["600"]);
  const two = leftover(process.execPath, ["-e", "process.on('SIGTERM', () => {}); for (;;);"]);
  writePidFile(dir, "app", one);
  writePidFile(dir, "litestream", two);
  expect((await killLeftovers(dir, log)).sort()).toEqual(["app", "litestream"]);
  expect([isRunning(one), isRunning(two)]).toEqual([false, false]);
  expect(readdirSync(dir)).toEqual([]);
});

test("a process that only has the pid of a former child is left alone", async () => {
  const stranger = leftover("sleep", ["600"]);
  writePidFile(dir, "app", { ...stranger, startTicks: "1" });
  writePidFile(join(dir), "link", { ...stranger, bootId: "another boot" });
  expect(await killLeftovers(dir, log)).toEqual([]);
  expect(isRunning(stranger)).toBe(true);
  expect(readdirSync(dir)).toEqual([]);
});

test("a child that died by itself, a torn file and a missing directory stop nothing", async () => {
  const dead = spawn("true", { stdio: "ignore", detached: true });
  const identity = identify(dead.pid ?? 0);
  await once(dead, "exit");
  if (identity !== null) writePidFile(dir, "app", identity);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "link.77.pid"), '{"name":"li');
  writeFileSync(join(dir, "evil.1.pid"), '{"name":"x","pid":0,"startTicks":"1","bootId":"b"}');
  expect(await killLeftovers(dir, log)).toEqual([]);
  expect(readdirSync(dir)).toEqual([]);
  expect(await killLeftovers(join(dir, "none"), log)).toEqual([]);
});
