import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { presets } from "../../ha/core/timing.ts";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, statusOf } from "./demo-process.ts";
import { killQuietly, Pair, pass } from "./pair.ts";
import { displayViolations, journalViolations, lostProbes, slotViolations } from "./pair-checks.ts";
import { goesBackToPaper, goesLive, knowsEuros, paysIn, realMoney, staysLive, tradesOnPaper } from "./pair-live.ts";
import { bringBack } from "./pair-rounds.ts";

const READY_LIMIT_MS = 120_000;
const TEST_LIMIT_MS = 180_000;
const LIMIT_MS = 60_000;
const preset = "default";
const { leaseMs } = presets[preset];

let pair: Pair;
beforeAll(async () => {
  pair = await Pair.start(["--preset", preset, "--seed", "31"]);
}, READY_LIMIT_MS);
afterAll(() => pair?.stop());
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

/** What must hold of a node that leads after a cold start. */
async function leadsWithEverything(node: ReadyNode): Promise<void> {
  await eventually(`${node.name} leads`, LIMIT_MS, async () => (await statusOf(node.agentPort, "/primary")) === 200);
  await pair.confirmedProbe(node, LIMIT_MS);
  const violations = [...(await lostProbes(pair, node)), ...(await displayViolations(pair, node))];
  expect([...violations, ...(await slotViolations(node)), ...(await journalViolations(pair))]).toEqual([]);
}

test.each(["primary", "standby"] as const)(
  "both nodes are killed, and the %s of before is started alone: it leads with everything confirmed",
  async (first) => {
    const before = await pair.protected();
    await pair.confirmedProbe(before.primary, LIMIT_MS);
    await Promise.all([pair.killWhole(before.primary), pair.killWhole(before.standby)]);
    const leader = before[first];
    pair.start(leader);
    await leadsWithEverything(leader);
    await bringBack(pair, pair.other(leader), leader);
  },
  TEST_LIMIT_MS,
);

test(
  "[complaint 2] a standby that was away while probes were confirmed never leads by itself, and says why; the other does",
  async () => {
    const { primary: complete, standby: stale } = await pair.protected();
    await pair.killWhole(stale);
    await eventually("the primary goes on alone", LIMIT_MS, async () => {
      const { inSync } = await pair.health(complete);
      return inSync.join() === complete.name;
    });
    for (let n = 0; n < 5; n += 1) await pair.confirmedProbe(complete, LIMIT_MS);
    await pair.killWhole(complete);

    pair.start(stale);
    let reasons: readonly string[] = [];
    await eventually("the stale node says why it does not lead", LIMIT_MS, async () => {
      reasons = (await statusOf(stale.agentPort, "/health")) === 503 ? (await pair.health(stale)).reasons : [];
      return reasons.some((reason) => reason.includes(`Only ${complete.name} holds everything confirmed`));
    }).catch((error: unknown) => expect.fail(`${String(error)}; it says: ${reasons.join(" ")}`));
    expect(reasons.join(" ")).toContain("trader failover --accept-data-loss");
    // Every promise of before has ended by then: only the set still keeps it from leading.
    const endMs = performance.now() + 3 * leaseMs;
    while (performance.now() < endMs) {
      expect((await pair.health(stale)).role).not.toBe("primary");
      await pass(50);
    }

    const refused = await pair.trader(stale, "failover", "--yes");
    expect(refused.stdout).toMatch(/no {2}this node holds everything confirmed, or the loss is accepted/);
    expect(refused.code).toBe(2);

    pair.start(complete);
    await leadsWithEverything(complete);
    expect((await pair.protected()).primary.name).toBe(complete.name);
  },
  TEST_LIMIT_MS,
);

const summarySchema = z.looseObject({
  kind: z.literal("tail"),
  rows: z.int().positive(),
  tables: z.array(
    z.looseObject({ table: z.string(), onlyKeys: z.array(z.string()), changedKeys: z.array(z.string()) }),
  ),
});
const historySchema = z.array(
  z.looseObject({ kind: z.string(), tailRows: z.int().nullish(), attic: z.string().nullish(), sentence: z.string() }),
);

test(
  "[complaint 7] [complaint 12] a primary dies with rows that nobody else has: they are set aside with the old ledger, and named",
  async () => {
    const { primary, standby } = await pair.protected();
    const { pids } = await pair.health(primary);
    if (pids.link === null) throw new Error("no link runs");
    // Nothing leaves this node any more, and it has not yet noticed.
    killQuietly(pids.link, "SIGSTOP");
    const unconfirmed = pair.probe(primary);
    let n = 0;
    await eventually("the row is in the ledger of the primary", leaseMs / 3, async () => {
      n = (await pair.probes(primary)).at(-1)?.n ?? 0;
      return n > Math.max(...pair.confirmed.keys());
    });
    await pair.killWhole(primary);
    expect(await unconfirmed).toBeNull();

    await leadsWithEverything(standby);
    await bringBack(pair, primary, standby);
    const attic = join(primary.dataDir, "attic");
    // The summary is written first, then the ledger is moved to it.
    const aside = (): string => join(attic, readdirSync(attic).sort().at(-1) ?? "", "ledger");
    await eventually("a ledger is in the attic", LIMIT_MS, () => existsSync(attic) && existsSync(aside()));
    expect(readdirSync(aside())).toContain("ledger.db");
    const summary = summarySchema.parse(JSON.parse(readFileSync(join(aside(), "..", "summary.json"), "utf8")));
    const probes = summary.tables.find(({ table }) => table === "probes");
    expect([...(probes?.onlyKeys ?? []), ...(probes?.changedKeys ?? [])]).toContain(JSON.stringify([n]));

    let said: z.infer<typeof historySchema>[number] | undefined;
    await eventually("the history says so", LIMIT_MS, async () => {
      const { stdout } = await pair.trader(primary, "history", "--json");
      said = historySchema.parse(JSON.parse(stdout)).findLast(({ kind }) => kind === "rejoined");
      return said?.attic !== null && said?.attic !== undefined;
    });
    expect(said?.tailRows).toBe(summary.rows);
    expect(said?.sentence).toContain("that nobody else had were set aside");
    expect(await lostProbes(pair, standby)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "[complaint 9] both nodes are killed and started at once: one leads with everything confirmed, the other follows",
  async () => {
    const { primary, standby } = await pair.protected();
    await pair.confirmedProbe(primary, LIMIT_MS);
    await Promise.all([pair.killWhole(primary), pair.killWhole(standby)]);
    // The tests below go on with this pair, as one whose exchange moves real money.
    for (const node of [standby, primary]) knowsEuros(node);
    for (const node of [standby, primary]) pair.start(node, realMoney);
    const now = await pair.protected();
    await leadsWithEverything(now.primary);
  },
  TEST_LIMIT_MS,
);

test(
  "real money: the paper book is traded until live trading is on, then the live one, on whichever node leads, until it is off",
  async () => {
    await tradesOnPaper(pair);
    await paysIn(pair, "paid in");
    await goesLive(pair);
    await staysLive(pair);
    await goesBackToPaper(pair);
    await paysIn(pair, "paid in, as they were before");
  },
  TEST_LIMIT_MS,
);
