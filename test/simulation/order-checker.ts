import type { OrderIntent } from "../../src/trading/broker.ts";
import { isInDoubt, sameIntention } from "../../src/trading/plan-record.ts";
import type { Intent, Plan } from "../../src/trading/plan-record.ts";
import { mayAct } from "./app.ts";
import { brokerOrder } from "./exchange.ts";
import { violate } from "./world.ts";
import type { App, Host, World } from "./world.ts";

const planOf = (rows: ReadonlyMap<string, Plan> | undefined, clientOrderId: string): Plan | null =>
  [...(rows?.values() ?? [])].find((plan) => clientOrderId.includes(`-${plan.slot}-`)) ?? null;

/** Nobody accepted a loss, and no two led: then what was confirmed is one history. */
const isOneHistory = ({ ghost }: World): boolean => !ghost.forced && !ghost.parted;

/** A request leaves an app. [HA-8], and rules 1, 4 and 6 of the orders. */
export function checkSend(world: World, host: Host, app: App, intent: OrderIntent, slotIsOver: boolean): void {
  const { ghost } = world;
  const id = intent.clientOrderId;
  if (!mayAct(world, host, app)) violate(world, `HA-8: ${host.name} sends ${id} after its deadline`);
  if (slotIsOver) violate(world, `orders: ${id} is sent after its slot`);
  if (!isOneHistory(world)) return;
  const confirmed = planOf(ghost.confirmed?.rows, id)?.intents ?? [];
  const place = confirmed.findIndex((other) => sameIntention(other, intent));
  if (place < 0) return violate(world, `orders: ${id} is sent before its plan is confirmed`);
  const unseen = confirmed.slice(0, place).find((other) => other.brokerOrderId === null);
  if (unseen !== undefined) violate(world, `orders: ${id} is sent before ${unseen.clientOrderId} was seen`);
}

/** The exchange has taken an order: one for each place, and one intention. */
export function checkAccepted(world: World, intent: OrderIntent): void {
  if (world.ghost.forced) return;
  const same = world.exchange.book.attempts.filter((one) => one.clientOrderId === intent.clientOrderId);
  const accepted = same.filter((one) => one.outcome === "accept");
  // Two that lead may place the same order: then it is the exchange that tells.
  const told = !world.ghost.parted || world.exchange.idempotency === "enforced";
  if (accepted.length > 1 && told) violate(world, `orders: ${intent.clientOrderId} is at the exchange twice`);
  if (world.ghost.parted) return;
  const meant = new Set(same.map(({ side, qty, symbol }) => `${side} ${qty} ${symbol}`));
  if (meant.size > 1) violate(world, `orders: ${intent.clientOrderId} had two intentions`);
}

/** An app writes a plan for a slot: there is never a second one. */
export function checkPlan(world: World, host: Host, plan: Plan): void {
  const { confirmed } = world.ghost;
  if (isOneHistory(world) && confirmed?.rows.has(plan.slot) === true)
    violate(world, `orders: ${host.name} makes a second plan for ${plan.slot}`);
}

/** An app writes what became of a place. */
export function checkIntent(world: World, before: Intent | undefined, after: Intent): void {
  if (before !== undefined && before.state !== after.state)
    world.coverage.hit("order", `${before.state} to ${after.state}`);
  const replaced = before !== undefined && after.state === "planned" && !sameIntention(before, after);
  if (replaced && isOneHistory(world)) violate(world, `orders: ${after.clientOrderId} is planned a second time`);
  if (after.state !== "not-sent" || !isOneHistory(world)) return;
  const { book, inFlight } = world.exchange;
  const id = after.clientOrderId;
  if (book.idsByClientOrderId.has(id) || (inFlight.get(id) ?? 0) > 0)
    violate(world, `orders: ${id} is called not sent, but it was`);
}

/** In peace: does the primary's ledger have every order as the exchange has it, and no doubt left? */
export function ordersAreSettled(world: World, rows: ReadonlyMap<string, Plan>): boolean {
  const intents = [...rows.values()].flatMap((plan) => plan.intents);
  if (intents.some(({ state }) => isInDoubt(state))) return false;
  // What the one that gave way had placed is in its attic, and in no plan of the other's.
  if (world.ghost.parted) return true;
  const known = new Map(intents.map((intent) => [intent.brokerOrderId, intent]));
  return [...world.exchange.book.orders.values()].every((order) => {
    if (world.ghost.forced && intents.some((intent) => intent.clientOrderId === order.clientOrderId)) return true;
    const intent = known.get(order.id);
    const { state } = brokerOrder(order);
    return intent !== undefined && (intent.state === state || state === "open" || intent.state === "open");
  });
}
