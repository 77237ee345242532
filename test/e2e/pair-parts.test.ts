import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { readAttic } from "../../ha/io/attic-list.ts";
import { litestreamPath } from "../../src/cli/fetch-litestream.ts";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, runs, statusOf } from "./demo-process.ts";
import type { Health } from "./pair.ts";
import { killQuietly, Load, Pair } from "./pair.ts";
import { journalViolations, lostProbes, slotViolations } from "./pair-checks.ts";
import { bringBack, switchover } from "./pair-rounds.ts";
import { buysGoOn, buysStayPaused, switchesAreRefused, switchesAreTaken } from "./pair-switches.ts";

const verifiedSchema = z.looseObject({ verified: z.object({ at: z.string(), sound: z.boolean() }) });

/** Flips one bit of every received file that begins with the first transaction and is not in `flipped` yet: a restore reads one of them. */
function flipFirst(replica: string, flipped: Set<string>): void {
  const files = readdirSync(replica, { recursive: true, encoding: "utf8" }).filter((file) =>
    /0{15}1-\w+\.ltx$/.test(file),
  );
  for (const file of files.filter((each) => !flipped.has(each))) {
    const bytes = readFileSync(join(replica, file));
    const at = Math.floor(bytes.length / 2);
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    writeFileSync(join(replica, file), bytes);
    flipped.add(file);
  }
}

const READY_LIMIT_MS = 120_000;
const TEST_LIMIT_MS = 120_000;
const LIMIT_MS = 60_000;
/** The kernel kills them; what is more than a few milliseconds is the load of the machine. */
const CHILDREN_DEAD_LIMIT_MS = 1_000;

let pair: Pair;
const scratch = mkdtempSync(join(tmpdir(), "pair-parts-"));
// The longest lease: on a busy machine a node takes seconds to start, and one test must do so within the lease.
beforeAll(async () => {
  pair = await Pair.start(["--preset", "wifi", "--seed", "21"]);
}, READY_LIMIT_MS);
afterAll(async () => {
  await pair?.stop();
  rmSync(scratch, { recursive: true, force: true });
});
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

/** What a process has open; a descriptor that was closed meanwhile is left out. */
const openFiles = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });

/** The same node leads in the same epoch, the pair is protected, and a new probe is confirmed by both. */
async function unchanged(primary: ReadyNode, before: Health): Promise<void> {
  const now = await pair.protected();
  expect(now.primary.name).toBe(primary.name);
  await pair.confirmedProbe(primary, LIMIT_MS);
  const health = await pair.health(primary);
  expect(health.epoch).toBe(before.epoch);
  expect([...health.inSync].sort()).toEqual(["node-a", "node-b"]);
  expect(await lostProbes(pair, primary)).toEqual([]);
}

test.each(["app", "litestream", "link"] as const)(
  "the %s of the primary is killed: it is back by itself, in the same epoch, in sync again",
  async (part) => {
    const { primary } = await pair.protected();
    const before = await pair.health(primary);
    const killed = before.pids[part];
    if (killed === null) throw new Error(`no ${part} runs`);
    killQuietly(killed);
    await eventually(`another ${part} runs`, LIMIT_MS, async () => {
      const { pids } = await pair.health(primary);
      return pids[part] !== null && pids[part] !== killed;
    });
    await unchanged(primary, before);
  },
  TEST_LIMIT_MS,
);

test.each(["app", "litestream", "link"] as const)(
  "the %s of the standby is killed: it is back by itself, in the same epoch, in sync again",
  async (part) => {
    const { primary, standby } = await pair.protected();
    const before = await pair.health(primary);
    const killed = (await pair.health(standby)).pids[part];
    if (killed === null) throw new Error(`no ${part} runs`);
    killQuietly(killed);
    await eventually(`another ${part} runs`, LIMIT_MS, async () => {
      const { pids } = await pair.health(standby);
      return pids[part] !== null && pids[part] !== killed;
    });
    await unchanged(primary, before);
  },
  TEST_LIMIT_MS,
);

test(
  "the agent of the primary is killed: its children die with it; started again within the lease it keeps its epoch",
  async () => {
    const { primary } = await pair.protected();
    const before = await pair.health(primary);
    const { agent, ...others } = before.pids;
    const children = Object.values(others).filter((each) => each !== null);
    expect(children).toHaveLength(3);
    const killedMs = performance.now();
    killQuietly(agent);
    await eventually("its children are dead", CHILDREN_DEAD_LIMIT_MS, () => children.every((each) => !runs(each)));
    console.log(`the children of a killed agent were dead after ${Math.round(performance.now() - killedMs)} ms`);
    pair.start(primary);
    await unchanged(primary, before);
  },
  TEST_LIMIT_MS,
);

test(
  "a stock litestream restore of what the standby received is a sound ledger with every confirmed probe",
  async () => {
    const { primary, standby } = await pair.protected();
    await pair.confirmedProbe(primary, LIMIT_MS);
    const confirmed = new Map(pair.confirmed);
    const { epoch } = await pair.health(primary);
    const copy = join(scratch, "replica");
    // Litestream merges and deletes files while they are copied: then the copy is taken again.
    await eventually("a copy of the replica", LIMIT_MS, () => {
      rmSync(copy, { recursive: true, force: true });
      try {
        cpSync(join(standby.dataDir, "replica", "e", String(epoch)), copy, { recursive: true });
        return true;
      } catch {
        return false;
      }
    });
    const output = join(scratch, "restored.db");
    const litestream = await litestreamPath(() => undefined);
    const restored = spawnSync(litestream, ["restore", "-o", output, `file://${copy}`], { encoding: "utf8" });
    expect(restored.status, restored.stderr).toBe(0);
    const db = new Database(output);
    try {
      expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
      const rows = db.prepare<[], { n: number; value: string }>("SELECT n, value FROM probes").all();
      const held = new Map(rows.map(({ n, value }) => [n, value]));
      expect([...confirmed].filter(([n, value]) => held.get(n) !== value)).toEqual([]);
      expect(confirmed.size).toBeGreaterThan(0);
    } finally {
      db.close();
    }
  },
  TEST_LIMIT_MS,
);

test(
  "trader verify on either node, under ten probes a second: the standby's copy is restored and is what the primary has",
  async () => {
    const { primary, standby } = await pair.protected();
    const load = new Load(pair, () => primary);
    try {
      for (const node of [standby, primary]) {
        const { code, stdout, stderr } = await pair.trader(node, "verify");
        expect(stdout + stderr).toMatch(
          new RegExp(`restoring what[^]*checking every page[^]*Verified: the copy on ${standby.name} was restored`),
        );
        expect(code).toBe(0);
      }
    } finally {
      await load.stop();
    }
    expect(load.confirmed).toBeGreaterThan(0);
    const { verified } = verifiedSchema.parse(await pair.health(standby));
    expect(verified).toMatchObject({ sound: true });
    expect((await pair.trader(standby, "status")).stdout).toMatch(/This copy was verified \d+ s ago, at \d+\/\d+\./);
    expect((await pair.trader(standby, "history")).stdout).toMatch(/was restored and is what the primary has, at/);
    expect(existsSync(join(standby.dataDir, "scratch", "verify.db"))).toBe(false);
  },
  TEST_LIMIT_MS,
);

test(
  "one byte of a received file is another one: verify finds it, says the remedy, and so does the node's health",
  async () => {
    const { primary, standby } = await pair.protected();
    const { epoch } = await pair.health(primary);
    const flipped = new Set<string>();
    const remedy = new RegExp(`trader reinit ${standby.name}`);
    // The primary may merge files anew, from its own: then it is whole again, and another one is to be damaged.
    await eventually("damage is found", LIMIT_MS, async () => {
      flipFirst(join(standby.dataDir, "replica", "e", String(epoch), "ltx"), flipped);
      const { code, stdout } = await pair.trader(primary, "verify");
      return code === 1 && /^Damaged: /m.test(stdout) && remedy.test(stdout);
    });
    expect((await pair.health(standby)).reasons).toContainEqual(expect.stringMatching(remedy));
    expect(await statusOf(standby.agentPort, "/health")).toBe(503);
  },
  TEST_LIMIT_MS,
);

test(
  "[litestream 13] trader reinit replaces the damaged copy while the primary goes on: the old one is in the attic, the new one is verified",
  async () => {
    const primary = await pair.primary();
    const standby = pair.other(primary);
    const before = await pair.health(primary);
    const wrong = await pair.trader(primary, "reinit", standby.name, "--yes");
    expect([wrong.code, wrong.stdout]).toEqual([
      2,
      expect.stringMatching(/no {2}it is this node[^]*no {2}this node is/),
    ]);
    const dry = await pair.trader(standby, "reinit", standby.name, "--dry-run");
    expect(dry.stdout).toMatch(/it is standby, at \d+\/\d+[^]*was last at \d+\/\d+[^]*Dry run: the copy on/);

    const load = new Load(pair, () => primary);
    const { code, stdout, stderr } = await pair.trader(standby, "reinit", standby.name, "--yes");
    await load.stop();
    expect(stdout + stderr).toMatch(/the old copy is in .*attic[^]*Done: .* holds everything confirmed again/);
    expect(code).toBe(0);
    expect(load.confirmed).toBeGreaterThan(0);
    const { primary: leads } = await pair.protected();
    expect(leads.name).toBe(primary.name);
    expect(await lostProbes(pair, primary)).toEqual([]);
    // Everything was sent anew, under a higher epoch of the same lease.
    expect((await pair.health(primary)).epoch).toBeGreaterThan(before.epoch);
    const { stdout: verified } = await pair.trader(standby, "verify");
    expect(verified).toMatch(/Verified: /);
    expect(await statusOf(standby.agentPort, "/health")).toBe(200);
    const [old] = await readAttic(standby.dataDir);
    expect(old?.summary).toMatchObject({ kind: "replaced", epoch: before.epoch });
    expect(existsSync(old?.ledger ?? "")).toBe(true);
  },
  TEST_LIMIT_MS,
);

test(
  "[litestream 2] [litestream 3] nobody but Litestream opens what the follower writes",
  async () => {
    const { standby } = await pair.protected();
    const { pids } = await pair.health(standby);
    const opened = (part: "agent" | "link" | "app"): string[] => openFiles(pids[part] ?? 0);
    const ours = [...opened("agent"), ...opened("link"), ...opened("app")].filter((file) =>
      file.startsWith(standby.dataDir),
    );
    expect(ours).toContain(join(standby.dataDir, "market.db"));
    expect(ours.filter((file) => file.startsWith(join(standby.dataDir, "follower")))).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "the owner's switches are taken where the primary is, told by locks, status and health, and outlive an app",
  async () => {
    await switchesAreRefused(pair);
    await switchesAreTaken(pair);
    await buysStayPaused(pair);
  },
  TEST_LIMIT_MS,
);

test(
  "a dry run of a switchover names its checks and changes nothing",
  async () => {
    const { primary } = await pair.protected();
    const before = await pair.health(primary);
    const { code, stdout } = await pair.trader(primary, "switchover", "--dry-run");
    expect(stdout).toMatch(/ok {2}the standby is in sync/);
    expect(stdout).toMatch(/Dry run: .* could take over now/);
    expect(code).toBe(0);
    const after = await pair.health(primary);
    expect([after.role, after.epoch, after.pids]).toEqual(["primary", before.epoch, before.pids]);
  },
  TEST_LIMIT_MS,
);

test.each([1, 2])(
  "switchover %i under ten probes a second loses nothing confirmed; the old primary is a standby in sync",
  async () => {
    const round = await switchover(pair);
    console.log(
      `switchover ${round.from} → ${round.to}: ${Math.round(round.gapMs)} ms without a primary, seen from outside; ` +
        `${round.confirmedUnderLoad} probes confirmed around it`,
    );
    expect(round.violations).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "the owner's switches hold on whichever node leads, until they are off again",
  () => buysGoOn(pair),
  TEST_LIMIT_MS,
);

test(
  "[complaint 10] a switchover to a dead standby is refused with its checks by name, exit code 2; the primary leads on",
  async () => {
    const { primary, standby } = await pair.protected();
    const before = await pair.health(primary);
    await pair.killWhole(standby);
    await eventually(
      "the primary notices",
      LIMIT_MS,
      async () => (await statusOf(primary.agentPort, "/cluster")) !== 200,
    );
    let refused = await pair.trader(primary, "switchover", "--yes");
    // Until a lease has passed without a word from it, the standby counts as heard.
    await eventually("refused by its checks", LIMIT_MS, async () => {
      refused = await pair.trader(primary, "switchover", "--yes");
      return /no {2}the standby answers/.test(refused.stdout);
    });
    expect(refused.stdout).toMatch(/no {2}the standby is in sync/);
    expect(refused.code).toBe(2);
    const after = await pair.health(primary);
    expect([after.role, after.epoch]).toEqual(["primary", before.epoch]);
    await bringBack(pair, standby, primary);
    expect([...(await slotViolations(primary)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);
