import type { ReadyNode } from "./demo-process.ts";
import { eventually, runs } from "./demo-process.ts";
import type { Health, Pair } from "./pair.ts";
import { killQuietly } from "./pair.ts";
import { lostProbes } from "./pair-checks.ts";

const LIMIT_MS = 60_000;

type Part = "app" | "link" | "litestream";

/** What was seen of a child that was stopped and never continued. Milliseconds from the SIGSTOP. */
export type Stall = {
  /** The stopped process was dead. */
  readonly deadMs: number;
  /** Another one ran in its place. */
  readonly replacedMs: number;
  /** Every sentence that this node's `/health` said meanwhile. */
  readonly said: ReadonlySet<string>;
};

/** SIGSTOP of one child of a node; resolves when its agent has killed it and another one runs. */
export async function stall(pair: Pair, node: ReadyNode, part: Part): Promise<Stall> {
  const pid = (await pair.health(node)).pids[part];
  if (pid === null) throw new Error(`no ${part} runs on ${node.name}`);
  const said = new Set<string>();
  const startedMs = performance.now();
  killQuietly(pid, "SIGSTOP");
  let deadMs = Number.NaN;
  try {
    await eventually(`the stopped ${part} of ${node.name} is replaced`, LIMIT_MS, async () => {
      const { pids, reasons } = await pair.health(node);
      for (const reason of reasons) said.add(reason);
      if (Number.isNaN(deadMs) && !runs(pid)) deadMs = performance.now() - startedMs;
      return pids[part] !== null && pids[part] !== pid;
    });
  } finally {
    killQuietly(pid, "SIGCONT");
  }
  return { deadMs, replacedMs: performance.now() - startedMs, said };
}

/** Collects what this node says of itself until `until` holds. */
export async function saidUntil(
  pair: Pair,
  node: ReadyNode,
  what: string,
  until: (health: Health) => boolean | Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const said = new Set<string>();
  await eventually(what, LIMIT_MS, async () => {
    const health = await pair.health(node);
    for (const reason of health.reasons) said.add(reason);
    return until(health);
  });
  return said;
}

/** What is wrong when the same node should lead in the same epoch, with both in sync and a new probe confirmed. */
export async function goesOn(pair: Pair, primary: ReadyNode, before: Health): Promise<string[]> {
  const now = await pair.protected();
  await pair.confirmedProbe(now.primary, LIMIT_MS);
  const { epoch, inSync } = await pair.health(now.primary);
  return [
    ...(now.primary === primary ? [] : [`${now.primary.name} leads instead of ${primary.name}`]),
    ...(epoch === before.epoch ? [] : [`the epoch went from ${before.epoch} to ${epoch}`]),
    ...(inSync.length === 2 ? [] : [`in sync: ${inSync.join()}`]),
    ...(await lostProbes(pair, now.primary)),
  ];
}
