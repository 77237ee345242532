import { expect } from "vitest";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, getJson } from "./demo-process.ts";
import type { Pair } from "./pair.ts";
import { attempts, jobRuns } from "./pair-checks.ts";
import { bringBack } from "./pair-rounds.ts";

/** A slot takes four seconds; the rest is the load of the machine. */
const LIMIT_MS = 60_000;
const ID = "by-hand";
/** No plan thinks of so few. */
const WANTED = { symbol: "KO", qty: 3 };

const listOf = async (pair: Pair, node: ReadyNode): Promise<string> =>
  (await pair.trader(node, "order", "list")).stdout;

const cyclesOf = (node: ReadyNode): number =>
  jobRuns(node).filter(({ job, status }) => job === "rebalance" && status === "completed").length;

/** What is ordered on one node while buys are paused goes out on the other one, after the whole of the first was killed. */
export async function ordersOutliveTheirNode(pair: Pair): Promise<void> {
  const { primary, standby } = await pair.protected();
  await pair.trader(primary, "pause-buys", "on");
  const { symbol, qty } = WANTED;
  const wanted = ["buy", symbol, String(qty), "--id", ID, "--override", "minimum-size", "buy-cool-off"];
  const given = await pair.trader(primary, "order", ...wanted, "--json");
  expect(JSON.parse(given.stdout)).toMatchObject({ outcome: "done", confirmed: true });
  expect(await listOf(pair, primary)).toMatch(/by-hand {2}buy 3 KO {2}open: It waits: .*buys are paused/);

  await pair.killWhole(primary);
  expect(await pair.primary()).toBe(standby);
  expect(await listOf(pair, standby)).toMatch(/by-hand {2}buy 3 KO {2}open: It waits: .*buys are paused/);
  // Sent again, as by somebody who never saw the answer.
  expect((await pair.trader(standby, "order", ...wanted)).stdout).toContain("was taken before");
  expect((await pair.trader(standby, "pause-buys", "off")).code).toBe(0);
  let told = "";
  await eventually("the order is done", LIMIT_MS, async () => {
    told = await listOf(pair, standby);
    return told.includes("done");
  }).catch((error: unknown) => expect.fail(`${String(error)}; it is told: ${told}`));
  await bringBack(pair, primary, standby);
  const plans = cyclesOf(standby);
  await eventually("another plan is carried out", LIMIT_MS, () => cyclesOf(standby) >= plans + 2);
  const journal = await getJson(pair.line.exchange.port, "/journal", attempts);
  const sent = journal.filter((one) => one.symbol === symbol && one.qty === qty);
  expect(sent).toMatchObject([{ side: "buy", outcome: "accepted" }]);
  expect(told).toContain(`done: Order ${sent[0]?.clientOrderId} is filled.`);
}
