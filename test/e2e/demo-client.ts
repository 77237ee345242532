import Database from "better-sqlite3";
import { join } from "node:path";
import { z } from "zod";
import { getJson, type Ready, type ReadyNode, statusOf } from "./demo-process.ts";

const pid = z.int();
const healthSchema = z.looseObject({
  role: z.string(),
  epoch: z.int(),
  inSync: z.array(z.string()),
  pids: z.object({ agent: pid, link: pid.nullable(), app: pid.nullable(), litestream: pid.nullable() }),
});
const probeAnswer = z.looseObject({ n: z.int(), confirmed: z.boolean(), epoch: z.int() });
const probeRows = z.array(z.looseObject({ n: z.int(), value: z.string() }));
const attempts = z.array(
  z.looseObject({ clientOrderId: z.string(), symbol: z.string(), side: z.string(), qty: z.number() }),
);
const runRows = z.array(z.object({ job: z.string(), slot: z.string(), status: z.string() }));

/** What a node's agent says on `/health`. */
export const healthOf = (node: ReadyNode): Promise<z.infer<typeof healthSchema>> =>
  getJson(node.agentPort, "/health", healthSchema);

/** The node that answers 200 on `/primary`, then the other one; null while nobody does. */
export async function pair({ nodes }: Ready): Promise<readonly [ReadyNode, ReadyNode] | null> {
  const [a, b] = nodes;
  if ((await statusOf(a.agentPort, "/primary")) === 200) return [a, b];
  return (await statusOf(b.agentPort, "/primary")) === 200 ? [b, a] : null;
}

/** Writes a probe; true only when it was confirmed. */
export async function probe(node: ReadyNode, value: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${node.appPort}/api/probe`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value }),
      signal: AbortSignal.timeout(3_000),
    });
    return probeAnswer.safeParse(await response.json()).data?.confirmed === true;
  } catch {
    return false;
  }
}

/** Values of all probes in a primary's ledger. */
export async function probesOf(node: ReadyNode): Promise<Set<string>> {
  return new Set((await getJson(node.appPort, "/api/probe", probeRows)).map(({ value }) => value));
}

/** SIGKILL to every process of a node that its agent names. */
export async function killNode(node: ReadyNode): Promise<void> {
  const { pids } = await healthOf(node);
  for (const each of Object.values(pids)) if (each !== null) process.kill(each, "SIGKILL");
}

/** Every attempt at the exchange, oldest first. */
export const attemptsOf = (ready: Ready): Promise<z.infer<typeof attempts>> =>
  getJson(ready.exchange.port, "/journal", attempts);

/** Places of a slot (client order ids) that were attempted with two different intentions; there must be none. */
export async function doubleIntentions(ready: Ready): Promise<readonly string[]> {
  const intentions = new Map<string, Set<string>>();
  for (const { clientOrderId, symbol, side, qty } of await attemptsOf(ready)) {
    const seen = intentions.get(clientOrderId) ?? new Set();
    intentions.set(clientOrderId, seen.add(`${side} ${qty} ${symbol}`));
  }
  return [...intentions].filter(([, seen]) => seen.size > 1).map(([id]) => id);
}

const slotMs = (slot: string): number =>
  Date.parse(slot.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:00Z"));

/**
 * What is wrong with the schedule in a primary's ledger: a hole between two slots of a job, or a slot other than a
 * job's newest that is not completed. The table's key allows each slot one row.
 */
export function scheduleFaults(node: ReadyNode): readonly string[] {
  const db = new Database(join(node.dataDir, "ledger", "ledger.db"), { readonly: true });
  try {
    const rows = runRows.parse(db.prepare("SELECT job, slot, status FROM job_runs ORDER BY job, slot").all());
    if (rows.length === 0) return ["no job has run"];
    const jobs = Map.groupBy(rows, ({ job }) => job);
    return [...jobs].flatMap(([job, runs]) => {
      const steps = runs.slice(1).map(({ slot }, at) => slotMs(slot) - slotMs(runs[at]?.slot ?? slot));
      const step = Math.min(...steps);
      const holes = steps.flatMap((ms, at) => (ms === step ? [] : [`${job}: a hole before ${runs[at + 1]?.slot}`]));
      const open = runs.slice(0, -1).filter(({ status }) => status !== "completed");
      return [...holes, ...open.map(({ slot, status }) => `${job} ${slot}: ${status}`)];
    });
  } finally {
    db.close();
  }
}
