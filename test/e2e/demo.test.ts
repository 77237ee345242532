import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { takenPort } from "../../src/demo/ports.ts";
import {
  attemptsOf,
  doubleIntentions,
  healthOf,
  killNode,
  pair,
  probe,
  probesOf,
  scheduleFaults,
} from "./demo-client.ts";
import {
  type Demo,
  eventually,
  pidsOf,
  portsOf,
  type Ready,
  type ReadyNode,
  ready,
  runs,
  spawnDemo,
  statusOf,
} from "./demo-process.ts";

const READY_LIMIT_MS = 90_000;

async function leaderFirst(line: Ready): Promise<readonly [ReadyNode, ReadyNode]> {
  const found = await pair(line);
  if (found === null) throw new Error("nobody leads");
  return found;
}

function nothingLeft(left: Ready): Promise<void> {
  return eventually("no process and no port stays behind", 5_000, async () => {
    const ports = portsOf(left).map((port) => ({ port, udp: false, use: "the demo" }));
    return pidsOf(left).every((each) => !runs(each)) && (await takenPort(ports)) === null;
  });
}

describe("a demo that trades", () => {
  let demo: Demo;
  let line: Ready;
  let byHand: ChildProcess | null = null;

  beforeAll(async () => {
    demo = spawnDemo(["--seed", "7"]);
    line = await ready(demo);
  }, READY_LIMIT_MS);
  afterAll(() => {
    byHand?.kill("SIGKILL");
    demo.child.kill("SIGKILL");
  });

  test("says that it is ready only when the pair is protected and has traded", async () => {
    const [primary, standby] = await leaderFirst(line);
    expect(await statusOf(primary.agentPort, "/cluster")).toBe(200);
    expect(await statusOf(standby.agentPort, "/standby")).toBe(200);
    expect(await attemptsOf(line)).not.toEqual([]);
    expect(pidsOf(line).filter((each) => !runs(each))).toEqual([]);
  });

  test("its primary is killed whole: the other leads with everything confirmed, and the dead one comes back by hand", async () => {
    const [primary, standby] = await leaderFirst(line);
    const confirmed: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      if (await probe(primary, `before-${n}`)) confirmed.push(`before-${n}`);
    }
    expect(confirmed.length).toBeGreaterThan(0);
    const { pids } = await healthOf(primary);
    await killNode(primary);

    const leads = async () => (await statusOf(standby.agentPort, "/primary")) === 200;
    await eventually("the other node leads", 15_000, leads);
    await eventually("a probe is confirmed by it alone", 15_000, () => probe(standby, "after"));
    expect([...(await probesOf(standby))]).toEqual(expect.arrayContaining(confirmed));
    expect(Object.values(pids).filter((each) => each !== null && runs(each))).toEqual([]);
    expect(await statusOf(primary.agentPort, "/health/live")).toBeNull();

    const [command = "", ...args] = primary.start;
    // Nothing of the demo's environment but what any login has.
    const { PATH, HOME, LITESTREAM_BIN, TRADER_CACHE } = process.env;
    const env = { PATH, HOME, LITESTREAM_BIN, TRADER_CACHE };
    byHand = spawn("setpriv", ["--pdeathsig", "KILL", "--", command, ...args], { cwd: "/", env, stdio: "ignore" });
    await eventually(
      "it is back as a standby in sync",
      30_000,
      async () => (await statusOf(primary.agentPort, "/standby")) === 200,
    );
    expect((await healthOf(primary)).inSync).toContain(primary.name);
    expect(await statusOf(standby.agentPort, "/cluster")).toBe(200);
    expect(await doubleIntentions(line)).toEqual([]);
    expect(scheduleFaults(standby)).toEqual([]);
  }, 70_000);

  test("SIGTERM ends it with code 0 and leaves nothing, a node started by hand included", async () => {
    const ended = once(demo.child, "exit");
    demo.child.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
    await nothingLeft(line);
    if (byHand?.pid !== undefined) expect(runs(byHand.pid)).toBe(false);
    const folder = line.nodes[0].dataDir.replace(/\/node-a$/, "");
    expect(existsSync(folder)).toBe(false);
  }, 20_000);
});

test(
  "SIGKILL of the parent of its launcher leaves nothing",
  async () => {
    const demo = spawnDemo([], ["sh", "-c", '"$@" & wait', "sh"]);
    try {
      const line = await ready(demo);
      demo.child.kill("SIGKILL");
      await nothingLeft(line);
    } finally {
      demo.child.kill("SIGKILL");
    }
  },
  READY_LIMIT_MS,
);

test("a port in use is one clear line and exit code 1, before anything is started", async () => {
  const base = 25_000 + (process.pid % 1000) * 10;
  const taken = createServer().listen(base + 100, "127.0.0.1");
  await once(taken, "listening");
  try {
    const { child, output } = spawnDemo(["--base-port", String(base)]);
    expect((await once(child, "exit"))[0]).toBe(1);
    expect(output()).toMatch(new RegExp(`^trader: port ${base + 100}, for node-b's app, is in use: .*\\n$`));
  } finally {
    taken.close();
  }
});

test("a directory that cannot be written is one clear line and exit code 1", async () => {
  const { child, output } = spawnDemo(["--data", "/proc/nothing"]);
  expect((await once(child, "exit"))[0]).toBe(1);
  expect(output()).toMatch(/^trader: --data \/proc\/nothing: cannot be written .*\n$/);
});
