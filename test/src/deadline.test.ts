import { spawn } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { Deadline } from "../../src/deadline.ts";

const pids: number[] = [];
afterEach(() => {
  for (const pid of pids.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // already dead, as it should be
    }
  }
});

/** Runs this body in a process of its own, with `deadline` watched and `inMs` at hand; resolves at its end. */
function run(body: string): Promise<{ out: string; code: number | null; signal: string | null }> {
  const source = `
    const { Deadline } = await import(${JSON.stringify(new URL("../../src/deadline.ts", import.meta.url).href)});
    const deadline = new Deadline();
    const inMs = (ms) => process.hrtime.bigint() + BigInt(ms) * 1_000_000n;
    const spin = (ms) => { for (const end = inMs(ms); process.hrtime.bigint() < end; ); };
    await deadline.watch();
    ${body}`;
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "--", process.execPath, "--input-type=module", "--eval", source],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  pids.push(child.pid ?? 0);
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ out, code, signal })));
}

test("[node processes] [HA-8] a process blocked in a busy loop is dead at its deadline", async () => {
  const end = await run(`
    deadline.extendTo(inMs(150));
    process.stdout.write("blocked\\n");
    spin(20_000);
    process.stdout.write("survived\\n");`);
  expect(end).toEqual({ out: "blocked\n", code: null, signal: "SIGKILL" });
});

test("a renewal moves the deadline, an older one does not move it back", async () => {
  const end = await run(`
    deadline.extendTo(inMs(300));
    deadline.extendTo(inMs(60_000));
    deadline.extendTo(inMs(10));
    spin(600);
    process.stdout.write("alive\\n");
    process.exit(0);`);
  expect(end).toEqual({ out: "alive\n", code: 0, signal: null });
});

test("without a deadline nothing happens, and the watch does not hold the process", async () => {
  const end = await run(`spin(300); process.stdout.write("alive\\n");`);
  expect(end).toEqual({ out: "alive\n", code: 0, signal: null });
});

test("the deadline is null until it is set", () => {
  const deadline = new Deadline();
  expect(deadline.atNs).toBeNull();
  deadline.extendTo(5n);
  deadline.extendTo(4n);
  expect(deadline.atNs).toBe(5n);
});
