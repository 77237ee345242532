import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Child, spawnChild } from "../../../ha/io/child.ts";
import { parentBound } from "../../../ha/io/parent-bound.ts";
import { groupGone, identify, isGroupRunning, isRunning } from "../../../ha/io/proc.ts";

let dir: string;
let children: Child[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "child-"));
  children = [];
});
afterEach(async () => {
  for (const child of children) await child.kill();
  rmSync(dir, { recursive: true, force: true });
});

function start(script: string, more: { ipc?: boolean; onLine?: (line: string) => void } = {}): Child {
  const { ipc = false, ...rest } = more;
  const child = spawnChild({
    name: "it",
    command: process.execPath,
    args: ["-e", script],
    env: process.env,
    ipc,
    runDir: join(dir, "run"),
    log: pino({ level: "silent" }),
    ...rest,
  });
  children.push(child);
  return child;
}
const identityOf = (pid: number) => {
  const identity = identify(pid);
  if (identity === null) throw new Error(`no process ${pid}`);
  return identity;
};
const linesOf = (script: string, count: number): Promise<{ child: Child; lines: string[] }> =>
  new Promise((resolve) => {
    const lines: string[] = [];
    const child = start(script, {
      onLine: (line) => {
        lines.push(line);
        if (lines.length === count) resolve({ child, lines });
      },
    });
  });

test("a child tells how it ended, and its pid file goes with it", async () => {
  const child = start("process.exit(7)");
  expect(readdirSync(join(dir, "run"))).toEqual([`it.${child.pid}.pid`]);
  expect(await child.exited).toEqual({ code: 7, signal: null });
  expect(readdirSync(join(dir, "run"))).toEqual([]);
});

test("messages travel both ways, and those before the first listener wait for it", async () => {
  const child = start("process.send({ n: 1 }); process.on('message', (m) => process.send({ n: m.n + 1 }))", {
    ipc: true,
  });
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    child.onMessage((message) => {
      seen.push(message);
      if (seen.length === 2) resolve();
    });
    expect(child.send({ n: 41 })).toBe(true);
  });
  expect(seen).toEqual([{ n: 1 }, { n: 42 }]);
  await child.kill();
  expect(child.send({ n: 1 })).toBe(false);
});

test("a child that has stopped reading gets no endless queue", async () => {
  expect(start("").send({})).toBe(false);
  const frozen = start("process.on('message', () => {}); process.send('up')", { ipc: true });
  await new Promise<void>((resolve) => frozen.onMessage(() => resolve()));
  process.kill(frozen.pid, "SIGSTOP");
  const text = "x".repeat(10_000);
  let taken = 0;
  while (taken < 100_000 && frozen.send({ text })) taken += 1;
  expect(taken).toBeLessThan(100_000);
});

test("kill takes the whole group, grandchildren and blocked loops included", async () => {
  const { child, lines } = await linesOf(
    "console.log(require('child_process').spawn('sleep', ['600']).pid); for (;;);",
    1,
  );
  const grandchild = identityOf(Number(lines[0]));
  expect(isRunning(grandchild)).toBe(true);
  await child.kill();
  expect(isRunning(grandchild)).toBe(false);
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("kill of a child that is gone already says so at once", async () => {
  const child = start("");
  await child.exited;
  await child.kill();
  await child.stop(1000);
});

test("stop lets a child end by itself", async () => {
  const { child } = await linesOf(
    "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1e6); console.log('up')",
    1,
  );
  await child.stop(20_000);
  expect(await child.exited).toEqual({ code: 3, signal: null });
});

test("stop kills a child that ignores SIGTERM", async () => {
  const { child } = await linesOf("process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('up')", 1);
  await child.stop(50);
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("long lines are cut and a flood is counted, not passed on", async () => {
  const lines: string[] = [];
  const child = start("console.log('y'.repeat(100000)); for (let i = 0; i < 5000; i++) console.log(i)", {
    onLine: (line) => lines.push(line),
  });
  await child.exited;
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(100));
  expect(lines[0]).toMatch(/^y{4000} \[96000 more characters\]$/);
  expect(lines.length).toBeLessThan(2000);
});

test("a command that does not exist ends with a code; a directory that cannot be written starts nothing", async () => {
  const options = { name: "no", args: [], env: process.env, ipc: false, log: pino({ level: "silent" }) };
  const child = spawnChild({ ...options, command: "/no/such/program", runDir: join(dir, "run") });
  children.push(child);
  expect((await child.exited).code).not.toBe(0);
  const runDir = join(dir, "file");
  writeFileSync(runDir, "");
  expect(() => spawnChild({ ...options, command: "sleep", args: ["600"], runDir })).toThrow(/record/);
});

test("[node processes] [HA-8] when the parent is SIGKILLed its children die with it", async () => {
  const parent = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "--",
      process.execPath,
      fileURLToPath(new URL("./holder-fixture.ts", import.meta.url)),
      join(dir, "run"),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [chunk]: unknown[] = await once(parent.stdout, "data");
  const child = identityOf(Number(String(chunk).trim()));
  expect(isRunning(child)).toBe(true);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await groupGone(child, 20_000);
  expect(isGroupRunning(child)).toBe(false);
});

test("[HA-8] a child whose parent died before it could arm the signal does not start its command", async () => {
  const { command, args } = parentBound("touch", [join(dir, "ran")], 1);
  const [code]: unknown[] = await once(spawn(command, args, { stdio: "ignore" }), "exit");
  expect(code).toBe(143);
  expect(existsSync(join(dir, "ran"))).toBe(false);
});
