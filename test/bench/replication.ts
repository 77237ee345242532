import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { parseTxid } from "../../ha/io/litestream-restore.ts";
import type { ReadyNode } from "../e2e/demo-process.ts";
import { eventually } from "../e2e/demo-process.ts";
import { Pair } from "../e2e/pair.ts";
import { lostProbes } from "../e2e/pair-checks.ts";
import { observeMachine, quantiles, sayMachine, sayQuantiles } from "./machine.ts";

/** Figures to reach. */
const CONFIRMED_MS_P99_MAX = 60;
const FOLLOWER_MS_P99_MAX = 300;

const EVERY_MS = 100;
const LIMIT_MS = 10_000;

/**
 * The transaction that the standby's warm copy has applied; null while it says nothing. By the file beside the copy:
 * whoever opened the copy itself would hold it up.
 */
function applied(standby: ReadyNode): number | null {
  try {
    return parseTxid(readFileSync(join(standby.dataDir, "follower", "ledger.db-txid"), "utf8").trim());
  } catch {
    return null;
  }
}

type Lags = { readonly confirmedMs: number[]; readonly followerMs: number[] };

/** Writes once, and waits for the confirmation and for the standby's warm copy. */
async function follow(pair: Pair, primary: ReadyNode, standby: ReadyNode, lags: Lags): Promise<void> {
  const sentMs = performance.now();
  const outcome = await pair.probe(primary);
  if (outcome?.confirmed !== true) throw new Error("a write was not confirmed");
  lags.confirmedMs.push(performance.now() - sentMs);
  // Later commits may be in it too: the lag is measured too long rather than too short.
  const { txid } = (await pair.health(primary)).position;
  await eventually("the warm copy has it", LIMIT_MS, () => (applied(standby) ?? 0) >= txid);
  lags.followerMs.push(performance.now() - sentMs);
}

/** Ten writes a second: until each is confirmed, and until the standby's warm copy has it; false: a figure was missed. */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "30" }, json: { type: "boolean", default: false } },
  });
  const seconds = z.coerce.number().min(1).max(3_600).parse(values.seconds);
  const observed = observeMachine();
  const pair = await Pair.start(["--preset", "default"]);
  const lags: Lags = { confirmedMs: [], followerMs: [] };
  let violations: string[];
  try {
    const { primary, standby } = await pair.protected();
    const writes: Promise<void>[] = [];
    for (let n = 0; n < seconds * (1_000 / EVERY_MS); n += 1) {
      writes.push(follow(pair, primary, standby, lags));
      await sleep(EVERY_MS);
    }
    const failed = (await Promise.allSettled(writes)).filter((write) => write.status === "rejected");
    violations = [...failed.map(({ reason }) => String(reason)), ...(await lostProbes(pair, primary))];
  } finally {
    await pair.stop();
  }
  const result = {
    writes: lags.confirmedMs.length,
    confirmed: quantiles(lags.confirmedMs),
    follower: quantiles(lags.followerMs),
    machine: observed(),
    violations,
  };
  const text = [
    `${result.writes} writes, one every ${EVERY_MS} ms`,
    `${sayQuantiles("sent → confirmed", result.confirmed)} (at most ${CONFIRMED_MS_P99_MAX} ms in 99 of 100)`,
    `${sayQuantiles("sent → in the standby's warm copy", result.follower)} (at most ${FOLLOWER_MS_P99_MAX} ms in 99 of 100)`,
    sayMachine(result.machine),
    violations.length === 0 ? "no violations" : `VIOLATIONS\n${violations.slice(0, 10).join("\n")}`,
  ];
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${text.join("\n")}\n`);
  const { confirmed, follower } = result;
  return violations.length === 0 && confirmed.p99 <= CONFIRMED_MS_P99_MAX && follower.p99 <= FOLLOWER_MS_P99_MAX;
}

process.exitCode = (await main()) ? 0 : 1;
