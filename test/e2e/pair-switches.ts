import { expect } from "vitest";
import type { ReadyNode } from "./demo-process.ts";
import { eventually } from "./demo-process.ts";
import { killQuietly, type Pair } from "./pair.ts";

/** A cycle finds a switch within a slot of four seconds; the rest is the load of the machine. */
const LIMIT_MS = 60_000;

const locksOf = async (pair: Pair, node: ReadyNode): Promise<string> => (await pair.trader(node, "locks")).stdout;

/** The standby takes no switch; nor does live trading go on where nothing is real. */
export async function switchesAreRefused(pair: Pair): Promise<void> {
  const { primary, standby } = await pair.protected();
  const elsewhere = await pair.trader(standby, "pause-buys", "on");
  expect([elsewhere.code, elsewhere.stdout]).toEqual([2, expect.stringContaining(`${primary.name} leads: ask there`)]);
  const live = await pair.trader(primary, "live", "on", "--order-max-eur", "100", "--day-max-eur", "1000");
  expect([live.code, live.stdout]).toEqual([2, expect.stringContaining("moves no real money")]);
}

/** Everything is stopped and goes on, the policy is changed and changed back, and then buys are paused. */
export async function switchesAreTaken(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  const said = async (command: string, state: string): Promise<void> => {
    const { stdout } = await pair.trader(primary, command, state, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "done", confirmed: true });
  };
  await said("stop-everything", "on");
  await eventually("it says so", LIMIT_MS, async () =>
    (await pair.health(primary)).appNotes.some((note) => note.includes("everything is stopped")),
  );
  await said("stop-everything", "off");
  await said("when-detached", "strict");
  await said("when-detached", "available");
  await said("pause-buys", "on");
}

/** Whoever asks this node, by command or over HTTP, is told that buys are paused and how that ends. */
async function buysArePaused(pair: Pair, node: ReadyNode): Promise<void> {
  const told = /buys are paused \(until: trader pause-buys off\)/;
  await eventually("buys are paused", LIMIT_MS, async () => {
    const { appNotes } = await pair.health(node);
    return told.test(appNotes.join()) && told.test(await locksOf(pair, node));
  });
  expect((await pair.trader(node, "status")).stdout).toMatch(told);
}

/** The app of the primary is killed: the next one has what the switches say. */
export async function buysStayPaused(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  await buysArePaused(pair, primary);
  const { app } = (await pair.health(primary)).pids;
  if (app === null) throw new Error("no app runs");
  killQuietly(app);
  await eventually("another app runs", LIMIT_MS, async () => {
    const { pids } = await pair.health(primary);
    return pids.app !== null && pids.app !== app;
  });
  await buysArePaused(pair, primary);
}

/** Off again where it leads now, and no lock of it is left. */
export async function buysGoOn(pair: Pair): Promise<void> {
  const { primary } = await pair.protected();
  await buysArePaused(pair, primary);
  expect((await pair.trader(primary, "pause-buys", "off")).stdout).toContain("Done: buys are paused no longer");
  await eventually("buys go on", LIMIT_MS, async () => !(await locksOf(pair, primary)).includes("buys are paused"));
}
