import { type NodeShot, observe, primaryOf, says, type Snapshot } from "./observe.ts";
import type { DemoPlan, NodePlan } from "./plan.ts";
import { until } from "./poll.ts";
import type { DemoProcesses } from "./processes.ts";

const READY_LIMIT_MS = 120_000;

/** Waits until the pair is protected and trades, saying what is still missing; resolves with what it then looks like. */
export async function waitUntilReady(
  plan: DemoPlan,
  processes: DemoProcesses,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<Snapshot> {
  let said = "";
  const names = ["exchange", "witness", ...plan.nodes.map(({ name }) => name)];
  let reasons: readonly string[] = [];
  const awaited = (): string => ["the pair is protected and trades.", said, ...reasons].join(" ");
  return until(awaited, READY_LIMIT_MS, signal, async () => {
    for (const name of names) processes.assertRuns(name);
    const snapshot = await observe(plan);
    const missing = await missingFrom(plan, snapshot);
    if (missing === null) return snapshot;
    if (missing !== said) progress(missing);
    said = missing;
    reasons = snapshot.nodes.flatMap(({ name, view }) => (view?.reasons ?? []).map((reason) => `${name}: ${reason}`));
    return null;
  });
}

/** What is not there yet, as one sentence; null when the pair is protected and trades. */
async function missingFrom(plan: DemoPlan, snapshot: Snapshot): Promise<string | null> {
  const primary = primaryOf(snapshot);
  const node = plan.nodes.find(({ name }) => name === primary?.name);
  if (primary === null || node === undefined) return "Waiting for a primary.";
  if (!(await says(node, "/cluster")) || !(await says(otherOf(plan, node), "/standby"))) {
    return `${primary.name} leads; waiting until the pair is protected.`;
  }
  if (snapshot.nodes.some((shot) => !allRun(shot))) return "Waiting until everything runs on both nodes.";
  if (snapshot.cycles.length === 0) return "The pair is protected; waiting for the first rebalance.";
  if (snapshot.orders === null || snapshot.orders.length === 0) return "Rebalanced; waiting for the first order.";
  return null;
}

const otherOf = ({ nodes: [a, b] }: DemoPlan, node: NodePlan): NodePlan => (node === a ? b : a);

const allRun = ({ view }: NodeShot): boolean => view !== null && Object.values(view.pids).every((pid) => pid !== null);

/** What a headless demo prints once. */
export function readyLine(plan: DemoPlan, snapshot: Snapshot, processes: DemoProcesses): object {
  const { witness, exchange } = plan;
  return {
    ready: true,
    nodes: plan.nodes.map(({ name, appPort, agentPort, dataDir, start }) => {
      const pids = snapshot.nodes.find((shot) => shot.name === name)?.view?.pids;
      const { agent, app, litestream } = pids ?? { agent: null, app: null, litestream: null };
      return { name, agentPid: agent, appPid: app, litestreamPid: litestream, appPort, agentPort, dataDir, start };
    }),
    witness: { pid: processes.pidOf("witness"), port: witness.port, start: witness.start },
    exchange: { pid: processes.pidOf("exchange"), port: exchange.port, start: exchange.start },
  };
}
