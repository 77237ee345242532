import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { freePort } from "../support/free-port.ts";
import type { ReadyNode } from "./demo-process.ts";
import { eventually } from "./demo-process.ts";
import { Pair } from "./pair.ts";

const installed = spawnSync("haproxy", ["-v"]).error === undefined;
const limitMs = 60_000;
/** What a check of the proxy may add to the pair's own gap: one interval until it sees, and one answer. */
const proxyMs = 1_000;

/** The configuration of the README, with this pair's addresses and ports. */
function configuration(port: number, [a, b]: readonly [ReadyNode, ReadyNode]): string {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const block = /```haproxy\n([\s\S]*?)```/.exec(readme)?.[1];
  if (block === undefined) throw new Error("the README has no configuration of HAProxy");
  return block
    .replace("127.0.0.1:8080", `127.0.0.1:${port}`)
    .replace("192.168.1.10:8000 port 8008", server(a))
    .replace("192.168.1.11:8000 port 8008", server(b));
}

const server = (node: ReadyNode): string => `127.0.0.1:${node.appPort} port ${node.agentPort}`;

const answerSchema = z.looseObject({ node: z.string() });

describe.skipIf(!installed)("HAProxy as the README configures it", () => {
  const folder = mkdtempSync(join(tmpdir(), "haproxy-"));
  let pair: Pair;
  let proxy: ChildProcess;
  let port = 0;

  beforeAll(async () => {
    pair = await Pair.start([]);
    port = await freePort();
    const path = join(folder, "haproxy.cfg");
    writeFileSync(path, configuration(port, pair.line.nodes));
    // In the foreground: a proxy that forks would outlive its tests.
    proxy = spawn("setpriv", ["--pdeathsig", "KILL", "--", "haproxy", "-db", "-f", path], { stdio: "ignore" });
    await eventually("the proxy routes", limitMs, async () => (await routedTo()) !== null);
  }, 120_000);
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails());
  });
  afterAll(async () => {
    if (proxy?.exitCode === null) {
      const ended = once(proxy, "exit");
      proxy.kill("SIGKILL");
      await ended;
    }
    await pair?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Who answers through the proxy; null: nobody. */
  async function routedTo(): Promise<string | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/api/status`, { signal: AbortSignal.timeout(2_000) });
      return response.ok ? answerSchema.parse(await response.json()).node : null;
    } catch {
      return null;
    }
  }

  /** Asks both ways at once until the other node answers on both; how long each was without an answer from a primary. */
  async function gaps(from: ReadyNode, change: () => Promise<unknown>) {
    const to = pair.other(from);
    const goneMs = { proxied: 0, direct: 0 };
    const startedMs = performance.now();
    const reached = async (ask: () => Promise<string | null>, which: keyof typeof goneMs): Promise<void> => {
      await eventually(`${to.name} answers, ${which}`, limitMs, async () => (await ask()) === to.name);
      goneMs[which] = performance.now() - startedMs;
    };
    const direct = async (): Promise<string | null> => {
      const answer = await fetch(`http://127.0.0.1:${to.agentPort}/primary`).catch(() => null);
      return answer?.status === 200 ? to.name : null;
    };
    await Promise.all([change(), reached(routedTo, "proxied"), reached(direct, "direct")]);
    return goneMs;
  }

  test("follows the primary through a kill, hardly later than the pair itself", async () => {
    const { primary } = await pair.protected();
    await eventually("the proxy is where it should be", limitMs, async () => (await routedTo()) === primary.name);
    const { proxied, direct } = await gaps(primary, () => pair.killWhole(primary));
    console.log(`kill: the pair ${Math.round(direct)} ms, through the proxy ${Math.round(proxied)} ms`);
    expect(proxied - direct).toBeLessThan(proxyMs);
    pair.start(primary);
  });

  test("follows the primary through a switchover", async () => {
    const { primary } = await pair.protected();
    await eventually("the proxy is where it should be", limitMs, async () => (await routedTo()) === primary.name);
    const { proxied, direct } = await gaps(primary, () => pair.trader(primary, "switchover", "--yes"));
    console.log(`switchover: the pair ${Math.round(direct)} ms, through the proxy ${Math.round(proxied)} ms`);
    expect(proxied - direct).toBeLessThan(proxyMs);
  });
});
