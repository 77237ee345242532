import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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
  type Found,
  pidsOf,
  portsOf,
  processesNaming,
  type Ready,
  type ReadyNode,
  ready,
  runs,
  spawnDemo,
  statusOf,
} from "./demo-process.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** Runs a command of the command line; throws when its exit code is not 0. */
const trader = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args], { timeout: 20_000 });

// Longer than the demo itself waits, so that its own reason is seen.
const READY_LIMIT_MS = 130_000;

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

  test("a switchover by the command line loses nothing that is confirmed meanwhile", async () => {
    const [primary, standby] = await leaderFirst(line);
    const confirmed: string[] = [];
    const over = new AbortController();
    const load = (async () => {
      for (let n = 0; !over.signal.aborted; n += 1) {
        for (const node of line.nodes) if (await probe(node, `${node.name}-${n}`)) confirmed.push(`${node.name}-${n}`);
      }
    })();
    await eventually("probes are confirmed", 10_000, () => confirmed.length >= 3);
    const { stdout } = await trader("switchover", "--yes", "--json", "--data", primary.dataDir);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "done" });
    await eventually("the other leads", 5_000, async () => (await statusOf(standby.agentPort, "/primary")) === 200);
    over.abort();
    await load;
    expect([...(await probesOf(standby))]).toEqual(expect.arrayContaining(confirmed));
    const status = await trader("status", "--data", standby.dataDir);
    expect(status.stdout).toMatch(new RegExp(`^${standby.name} +primary +epoch`));
    const told = `${standby.name} took over from ${primary.name} by switchover`;
    await eventually(`its history says: ${told}`, 10_000, async () =>
      (await trader("history", "--data", standby.dataDir)).stdout.includes(told),
    );
    const protectedAgain = async () => (await statusOf(standby.agentPort, "/cluster")) === 200;
    await eventually("the pair is protected again", 30_000, protectedAgain);
  }, 60_000);

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
    const told = new RegExp(
      `${standby.name} took over from ${primary.name}, which renewed its lease no more \\(epoch \\d+\\): ` +
        `[\\d.]+ s without a primary; ${primary.name} came back with (\\d+ rows?|nothing) of its own`,
    );
    // What it had alone, the dead one wrote down itself.
    await eventually("the history says what was lost", 30_000, async () =>
      told.test((await trader("history", "--data", standby.dataDir)).stdout),
    );
    expect(await doubleIntentions(line)).toEqual([]);
    expect(scheduleFaults(standby)).toEqual([]);
  }, 120_000);

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

const trading = (found: Found): boolean => found.argv.includes("run") || found.argv.includes("witness");

describe("nothing stays behind", () => {
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), "demo-"));
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  const parent = ["sh", "-c", '"$@" & wait', "sh"];
  test.each([
    { who: "the demo itself", around: [], isVictim: ({ argv }: Found) => argv.includes("demo") },
    { who: "what started its launcher", around: parent, isVictim: ({ argv }: Found) => argv[0] === "sh" },
  ])(
    "when $who is killed",
    async ({ around, isVictim }) => {
      const demo = spawnDemo(["--data", data], around);
      try {
        await eventually("both nodes and the witness run, and a copy is kept", 60_000, () => {
          const all = processesNaming(data);
          return all.filter(trading).length === 3 && all.some(({ argv }) => argv.includes("restore"));
        });
        const victim = processesNaming(data).find(isVictim);
        if (victim === undefined) throw new Error("no victim");
        process.kill(victim.pid, "SIGKILL");
        await eventually("all are gone", 5_000, () => processesNaming(data).length === 0);
      } finally {
        demo.child.kill("SIGKILL");
      }
    },
    80_000,
  );
});

test("a port in use is one clear line and exit code 1, before anything is started", async () => {
  // Below the ports that systems hand out by themselves.
  const base = 12_000 + (process.pid % 25) * 220;
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
