import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DemoProcesses, lastWords } from "../../../src/demo/processes.ts";

let dir: string;
let processes: DemoProcesses;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "processes-"));
  processes = new DemoProcesses(dir, ["node-a"], pino({ level: "silent" }));
});
afterEach(async () => {
  await processes.killAll(process.pid);
  rmSync(dir, { recursive: true });
});

const lives = (pid: number): boolean => existsSync(`/proc/${pid}`);

test("a command that failed is told by its last words", async () => {
  await expect(processes.once("a command", ["sh", "-c", "echo one; echo trader: two >&2; exit 1"])).rejects.toThrow(
    "a command failed: two",
  );
  expect(await processes.once("a command", ["sh", "-c", "echo fine"])).toEqual(["fine"]);
});

test("what was started is gone after killAll, and nothing starts any more", async () => {
  processes.start("sleeper", ["sleep", "600"]);
  const pid = processes.pidOf("sleeper");
  if (pid === null) throw new Error("nothing started");
  expect([lives(pid), processes.runs("sleeper")]).toEqual([true, true]);
  await processes.killAll(process.pid);
  expect([lives(pid), processes.runs("sleeper")]).toEqual([false, false]);
  expect(() => processes.start("late", ["sleep", "600"])).toThrow(/has ended/);
});

const byHand = (lifeline: number): ChildProcess =>
  spawn("setpriv", ["--pdeathsig", "KILL", "--", "sh", "-c", "read x", "sh", "--lifeline", String(lifeline)]);

test("what somebody else started with this lifeline is ended too, other lifelines are not", async () => {
  const [ours, theirs] = [byHand(process.pid), byHand(process.pid + 1)];
  const exits = once(ours, "exit");
  // Its arguments are its own only after the exec; those of the shell, which setpriv becomes, a moment later.
  await Promise.all([once(ours, "spawn"), once(theirs, "spawn")]);
  await processes.killAll(process.pid);
  expect((await exits)[1]).toBe("SIGKILL");
  expect(theirs.exitCode ?? theirs.signalCode).toBeNull();
  theirs.kill("SIGKILL");
});

test("last words are a log's message, or the line as it is", () => {
  expect(lastWords(['{"level":60,"msg":"cannot start","err":{"message":"no disk"}}'])).toBe("cannot start: no disk");
  expect(lastWords(["{}"])).toBe("{}");
  expect(lastWords([])).toBe("it said nothing");
});
