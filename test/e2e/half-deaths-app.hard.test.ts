import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, statusOf } from "./demo-process.ts";

import { evaluateIn } from "./half-inspector.ts";
import { goesOn } from "./half-stall.ts";
import { killQuietly, Load, Pair, pass } from "./pair.ts";
import type { Health } from "./pair.ts";
import { journalViolations, lostProbes } from "./pair-checks.ts";
import { backInSync, madeFit } from "./pair-rounds.ts";
import { presets } from "../../ha/core/timing.ts";

const LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 120_000;
const LEAK = "globalThis.leak = []; setInterval(() => leak.push(Buffer.alloc(64 * 1024 * 1024, 1)), 20); 1";

let pair: Pair;
let primary: ReadyNode;
let standby: ReadyNode;
let before: Health;

beforeAll(async () => {
  pair = await Pair.start(["--preset", "fast", "--seed", "35"]);
}, TEST_LIMIT_MS);
afterAll(() => pair?.stop());
beforeEach(async () => {
  ({ primary, standby } = await pair.protected());
  await pair.confirmedProbe(primary, LIMIT_MS);
  before = await pair.health(primary);
}, TEST_LIMIT_MS);
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

test(
  "[complaint 6] the standby's agent is frozen for three leases and thawed: the primary leads on in its epoch",
  async () => {
    const { agent } = (await pair.health(standby)).pids;
    killQuietly(agent, "SIGSTOP");
    await pass(3 * presets.fast.leaseMs);
    killQuietly(agent, "SIGCONT");
    await backInSync(standby, primary);
    expect(await goesOn(pair, primary, before)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "an app that leaks: it is killed and started again in place, and says so; the third time within two minutes the standby leads",
  async () => {
    const load = new Load(pair, () => primary);
    const said = new Set<string>();
    let leaking = 0;
    await eventually(`${standby.name} leads`, LIMIT_MS, async () => {
      const { role, epoch, pids, reasons } = await pair.health(primary);
      for (const reason of reasons) said.add(reason);
      if (role !== "primary") return true;
      expect(epoch).toBe(before.epoch);
      const works =
        pids.app !== null && pids.app !== leaking && (await statusOf(primary.agentPort, "/primary")) === 200;
      if (works && pids.app !== null) await evaluateIn((leaking = pids.app), LEAK);
      return false;
    });
    await load.stop();
    console.log(`a leaking app said: ${[...said].join(" | ")}`);
    expect([...said].join()).toMatch(/the app had grown to \d+ MB; it is started again/);
    expect((await pair.protected()).primary).toBe(standby);
    const { stdout } = await pair.trader(primary, "history");
    expect(stdout).toMatch(/the app failed 3 times .* because the app had grown to \d+ MB/);
    expect([...(await lostProbes(pair, standby)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);

/** Overwrites every page of a ledger but the first, as a disk that lost its mind would. */
function damage(ledger: string): void {
  const file = openSync(ledger, "r+");
  try {
    writeSync(file, Buffer.alloc(Math.max(4_096, statSync(ledger).size - 4_096), 0xff), 0, undefined, 4_096);
  } finally {
    closeSync(file);
  }
}

test(
  "the ledger is damaged: the app that opens it again cannot run and says why, the standby leads; the damaged ledger is set aside",
  async () => {
    await madeFit(pair, standby, primary);
    const atticBefore = attic(primary).length;
    const load = new Load(pair, () => primary);
    damage(join(primary.dataDir, "ledger", "ledger.db"));
    // What it has read already it does not read again.
    killQuietly(before.pids.app ?? 0);
    await eventually(`${standby.name} leads`, LIMIT_MS, async () => (await pair.primary()) === standby);
    await load.stop();
    await pair.confirmedProbe(standby, LIMIT_MS);
    expect((await pair.protected()).primary).toBe(standby);
    const { stdout } = await pair.trader(primary, "history");
    expect(stdout).toMatch(/stepped down from epoch \d+: the app cannot run: .*damaged/);
    await eventually("the damaged ledger is in the attic", LIMIT_MS, () => attic(primary).length === atticBefore + 1);
    expect([...(await lostProbes(pair, standby)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);

function attic(node: ReadyNode): readonly string[] {
  try {
    return readdirSync(join(node.dataDir, "attic"));
  } catch {
    return [];
  }
}
