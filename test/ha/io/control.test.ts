import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Control, callControl, serveControl } from "../../../ha/io/control.ts";

const DIES_WITH_US = "setpriv";

let dir: string;
let path: string;
const open: Control[] = [];
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-control-"));
  path = join(dir, "run", "agent.sock");
});
afterEach(async () => {
  for (const control of open.splice(0)) await control.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

const app = new Hono()
  .get("/status", (c) => c.json({ role: "primary" }))
  .post("/switchover", async (c) => c.json({ asked: await c.req.json() }, 409))
  .get("/nothing", (c) => c.body(null, 204))
  .get("/text", (c) => c.text("plain"))
  .get("/never", () => new Promise<Response>(() => {}));

const listen = async () => {
  const control = await serveControl(path, app);
  open.push(control);
  return control;
};

describe("the control socket", () => {
  test("carries questions and answers, for this user only", async () => {
    await listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(await callControl(path, "GET", "/status", undefined, 5_000)).toEqual({
      status: 200,
      body: { role: "primary" },
    });
    expect(await callControl(path, "POST", "/switchover", { to: "node-b" }, 5_000)).toEqual({
      status: 409,
      body: { asked: { to: "node-b" } },
    });
    expect(await callControl(path, "GET", "/nothing", undefined, 5_000)).toEqual({ status: 204, body: null });
  });

  test("no agent: the message says so and how to start one", async () => {
    await expect(callControl(path, "GET", "/status", undefined, 5_000)).rejects.toThrow(
      `No agent is running on ${dir}. Start it with "trader run --data ${dir}".`,
    );
  });

  test("an agent that does not answer in time may still be at it", async () => {
    await listen();
    await expect(callControl(path, "GET", "/never", undefined, 50)).rejects.toThrow(
      `The agent of ${dir} did not answer /never within 50 ms. It may still be in progress.`,
    );
  });

  test("an answer that is not JSON is an error that says which", async () => {
    await listen();
    await expect(callControl(path, "GET", "/text", undefined, 5_000)).rejects.toThrow("gave no answer to /text");
  });

  test("a second agent on the same directory is refused, and the first one goes on", async () => {
    await listen();
    await expect(serveControl(path, app)).rejects.toThrow("an agent is running here already");
    expect((await callControl(path, "GET", "/status", undefined, 5_000)).status).toBe(200);
  });

  test("a socket file left by a killed process is replaced", async () => {
    mkdirSync(dirname(path), { recursive: true });
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
    const child = spawn(DIES_WITH_US, ["--pdeathsig", "KILL", "--", process.execPath, "-e", script]);
    children.push(child);
    await once(child.stdout, "data");
    await expect(serveControl(path, app)).rejects.toThrow("an agent is running here already");
    const died = once(child, "exit");
    child.kill("SIGKILL");
    await died;
    expect(statSync(path).isSocket()).toBe(true);
    await listen();
    expect((await callControl(path, "GET", "/status", undefined, 5_000)).status).toBe(200);
  });

  test("anything else in its place is replaced too", async () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    await listen();
    expect((await callControl(path, "GET", "/status", undefined, 5_000)).status).toBe(200);
  });

  test("a process that accepts and stays silent counts as an agent", async () => {
    mkdirSync(dirname(path), { recursive: true });
    const silent = createServer().listen(path);
    await once(silent, "listening");
    await expect(serveControl(path, app)).rejects.toThrow("an agent is running here already");
    await expect(callControl(path, "GET", "/status", undefined, 50)).rejects.toThrow("within 50 ms");
    silent.close();
  });

  test("a path too long for a socket says so", async () => {
    const long = join(dir, "x".repeat(120), "agent.sock");
    await expect(serveControl(long, app)).rejects.toThrow("too long for a unix socket (107 bytes)");
  });
});
