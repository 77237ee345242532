import { z } from "zod";
import { agentViewSchema, type ShownView } from "../cli/agent-view.ts";
import { type LedDisplay, ledDisplay } from "../led/display.ts";
import { getJson } from "./http.ts";
import type { DemoPlan, NodePlan } from "./plan.ts";

/** One node as it answers; null where it does not. */
export type NodeShot = { readonly name: string; readonly view: ShownView | null; readonly led: LedDisplay | null };

const attemptSchema = z.object({
  at: z.string(),
  clientOrderId: z.string(),
  symbol: z.string(),
  side: z.string(),
  qty: z.number(),
  outcome: z.string(),
});
export type ShownAttempt = z.infer<typeof attemptSchema>;

/** The demo as it looks from outside at one instant. `orders` is null when the exchange does not answer. */
export type Snapshot = {
  readonly nodes: readonly [NodeShot, NodeShot];
  readonly orders: readonly ShownAttempt[] | null;
  /** The app's clock as the primary shows it. */
  readonly appTime: string | null;
  /** Newest completed rebalance checks of the primary, with their outcomes. */
  readonly cycles: readonly string[];
};

const LIMIT_MS = 400;

const statusSchema = z.object({
  appTime: z.string(),
  jobRuns: z.array(z.object({ job: z.string(), slot: z.string(), status: z.string(), outcome: z.string().nullable() })),
});

const agentUrl = (node: NodePlan, path: string): string => `http://127.0.0.1:${node.agentPort}${path}`;
const appUrl = (node: NodePlan, path: string): string => `http://127.0.0.1:${node.appPort}${path}`;

/** Everything on the screen, asked for at the same places where anybody can ask. */
export async function observe(plan: DemoPlan): Promise<Snapshot> {
  const [a, b, orders] = await Promise.all([shoot(plan.nodes[0]), shoot(plan.nodes[1]), journal(plan)]);
  const leader = plan.nodes.find(({ name }) => [a, b].some((shot) => shot.name === name && leads(shot)));
  const status = leader === undefined ? null : await statusOf(leader);
  const runs = status?.jobRuns.filter((run) => run.job.startsWith("rebalance") && run.status === "completed") ?? [];
  const cycles = runs.map(({ slot, outcome }) => `${slot} ${outcome ?? ""}`.trim());
  return { nodes: [a, b], orders, appTime: status?.appTime ?? null, cycles };
}

/** The node that says it is the primary; the one with the higher epoch while an old one has not noticed yet. */
export function primaryOf(snapshot: Snapshot): NodeShot | null {
  const leading = snapshot.nodes.filter(leads);
  return leading.sort((x, y) => (y.view?.epoch ?? 0) - (x.view?.epoch ?? 0))[0] ?? null;
}

const leads = ({ view }: NodeShot): boolean => view?.role === "primary";

/** What `/health` of a node says; null when its agent does not answer. */
export async function viewOf(node: NodePlan): Promise<ShownView | null> {
  return (await getJson(agentUrl(node, "/health"), agentViewSchema, LIMIT_MS))?.value ?? null;
}

/** Whether a node answers 200 on this path of its agent. */
export async function says(
  node: NodePlan,
  path: "/primary" | "/standby" | "/cluster" | "/health/live",
): Promise<boolean> {
  return (await getJson(agentUrl(node, path), z.unknown(), LIMIT_MS))?.status === 200;
}

async function shoot(node: NodePlan): Promise<NodeShot> {
  const led = getJson(appUrl(node, "/api/status/led/display"), ledDisplay, LIMIT_MS);
  const view = await viewOf(node);
  return { name: node.name, view, led: (await led)?.value ?? null };
}

async function journal(plan: DemoPlan): Promise<readonly ShownAttempt[] | null> {
  const url = `http://127.0.0.1:${plan.exchange.port}/journal`;
  return (await getJson(url, z.array(attemptSchema), LIMIT_MS))?.value ?? null;
}

async function statusOf(node: NodePlan): Promise<z.infer<typeof statusSchema> | null> {
  return (await getJson(appUrl(node, "/api/status"), statusSchema, LIMIT_MS))?.value ?? null;
}
