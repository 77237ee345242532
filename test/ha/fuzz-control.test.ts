import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentHistory } from "../../ha/agent-history.ts";
import { createControlApp } from "../../ha/control-app.ts";
import type { Control } from "../../ha/io/control.ts";
import { callControl, serveControl } from "../../ha/io/control.ts";
import { mangled, strangeJson } from "./fuzz-values.ts";

const reached = (): never => {
  throw new Error("a request got through to the agent");
};
let dir: string;
let path: string;
let control: Control;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "trader-fuzz-"));
  path = join(dir, "agent.sock");
  const history = new AgentHistory(dir, "uno-a", pino({ level: "silent" }), () => undefined);
  const core = { view: reached, shell: reached, primary: reached, nowMs: reached, canLead: reached };
  const ports = {
    ...core,
    membership: reached,
    neighbours: reached,
    verifier: reached,
    reinit: reached,
    askApp: reached,
  };
  control = await serveControl(path, createControlApp({ dataDir: dir, history, ...ports }));
});
afterEach(async () => {
  await control.close();
  rmSync(dir, { recursive: true, force: true });
});

const routes = ["/switchover", "/failover", "/reinit", "/token"] as const;
const isSentence = { error: expect.stringMatching(/^.{5,300}$/) };

test("a command that is none is answered with one sentence, and moves nothing", async () => {
  const bodies = fc.oneof(strangeJson, mangled({ kind: "node" }, { acceptDataLoss: true }, { dryRun: false }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), bodies, async (route, body) => {
      expect(await callControl(path, "POST", route, body, 5_000)).toEqual({ status: 400, body: isSentence });
    }),
    { numRuns: 150 },
  );
});

test("a history of any length that is asked for is a list", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.integer().map(String), fc.double().map(String), fc.string()), async (limit) => {
      const route = `/history?limit=${encodeURIComponent(limit)}`;
      expect(await callControl(path, "GET", route, undefined, 5_000)).toEqual({ status: 200, body: [] });
    }),
    { numRuns: 40 },
  );
});

test("a body larger than any command is refused, announced or not", async () => {
  const refusal = { status: 413, body: isSentence };
  expect(await callControl(path, "POST", "/failover", "x".repeat(20_000), 5_000)).toEqual(refusal);
  const socket = connect(path);
  socket.setEncoding("utf8").on("error", () => undefined);
  const answers: string[] = [];
  socket.on("data", (text) => answers.push(String(text)));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("POST /failover HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n");
  const chunk = `${(8_192).toString(16)}\r\n${"x".repeat(8_192)}\r\n`;
  for (let n = 0; n < 64 && !socket.destroyed && answers.length === 0; n += 1) {
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain").catch(() => undefined), closed]);
  }
  socket.end("0\r\n\r\n");
  await closed;
  expect(answers.join("")).toMatch(/^HTTP\/1\.1 413 /);
});

test("bytes that are no request end their connection and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
      const socket = connect(path);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => undefined).resume();
      socket.end(Buffer.concat([Buffer.from("POST /failover "), bytes]));
      await closed;
    }),
    { numRuns: 60 },
  );
  expect(await callControl(path, "GET", "/history", undefined, 5_000)).toEqual({ status: 200, body: [] });
});
