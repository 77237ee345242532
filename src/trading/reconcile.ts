import type { BrokerOrder } from "./broker.ts";
import { isAbsent, oneMoreAbsence, take } from "./order-rules.ts";
import {
  type Intent,
  type Plan,
  type PlanChange,
  inDoubt,
  isFinished,
  isInDoubt,
  isWorking,
  openIntents,
  parseClientOrderId,
  slotAtMs,
} from "./plan-record.ts";
import type { TradingDeps } from "./trading-deps.ts";

const DAY_MS = 86_400_000;

/** What came to light, one sentence each, and the orders whose end is still open afterwards. */
export type Reconciled = { readonly findings: readonly string[]; readonly open: readonly Intent[] };

/**
 * Brings the ledger in line with what the broker has under this cluster's prefix, before anything new: after every
 * promotion and at the start of every cycle. Orders that the ledger lacks are adopted; plans of past slots are closed.
 * The plan of the current slot is left to its own run, unless the broker shows that someone else acted in it.
 * Throws when a read fails: then nothing may be decided on top of this ledger.
 */
export async function reconcile(deps: TradingDeps): Promise<Reconciled> {
  const { broker, cluster } = deps;
  const listed = bySlot(cluster, await broker.listByPrefix(`${cluster}-`, listSinceMs(deps)));
  const findings: string[] = [];
  for (const [slot, orders] of [...listed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    findings.push(...adoptSlot(deps, slot, orders));
  }
  for (const plan of deps.store.unsettled()) {
    const places = listed.get(plan.slot) ?? new Map<number, readonly BrokerOrder[]>();
    findings.push(...(await settlePlan(deps, plan, places)));
  }
  for (const finding of findings) deps.log.warn({ finding }, "reconciled with the broker");
  return { findings, open: openIntents(deps.store.unsettled()) };
}

// What the ledger may lack is younger than its newest plan: a lost tail is the end of a history.
function listSinceMs(deps: TradingDeps): number {
  const newest = deps.store.newestSlot();
  if (newest === null) return 0;
  const slots = [newest, ...deps.store.unsettled().map((plan) => plan.slot)];
  return Math.max(0, Math.min(...slots.map(slotAtMs)) - DAY_MS);
}

type Places = ReadonlyMap<number, readonly BrokerOrder[]>;

function bySlot(cluster: string, orders: readonly BrokerOrder[]): Map<string, Places> {
  const slots = new Map<string, Map<number, BrokerOrder[]>>();
  for (const order of orders) {
    const place = parseClientOrderId(cluster, order.clientOrderId);
    if (place === null) continue;
    const places = slots.get(place.slot) ?? new Map<number, BrokerOrder[]>();
    slots.set(place.slot, places.set(place.n, [...(places.get(place.n) ?? []), order]));
  }
  return slots;
}

function adoptSlot(deps: TradingDeps, slot: string, places: Places): string[] {
  const nowMs = deps.clock.nowMs();
  const plan = deps.store.read(slot);
  const findings: string[] = [];
  const changed: Intent[] = [];
  for (const [n, orders] of [...places].sort(([a], [b]) => a - b)) {
    const intent = plan?.intents.find((candidate) => candidate.n === n);
    // An order that came to its end and is known so has nothing to tell.
    if (intent !== undefined && isSettled(intent) && orders.length === 1) continue;
    const { adopted, trouble } = take(slot, n, intent, orders, nowMs);
    if (trouble !== null && !isKnownTrouble(plan, trouble)) findings.push(`Slot ${slot}: ${trouble}`);
    changed.push(adopted);
  }
  if (changed.length === 0) return findings;
  deps.guard.check(0);
  if (plan === null) {
    const reason = "Adopted: the broker has orders of this slot, and no plan here holds them.";
    const { node, guard } = deps;
    const at = { slot, epoch: guard.epoch, node, createdAtMs: nowMs };
    deps.store.insert({ ...at, status: "ended", reason, intents: changed });
    return [`Slot ${slot}: ${reason}`];
  }
  const change: PlanChange = { intents: changed };
  if (findings.length === 0) deps.store.update(slot, change);
  else deps.store.update(slot, { ...change, ...endOf(plan, changed, findings.join(" "), nowMs) });
  return findings;
}

/** The end of a plan in whose slot someone else acted; what it had left may have been sent by that one. */
function endOf(plan: Plan, changed: readonly Intent[], reason: string, nowMs: number): PlanChange {
  const rest = plan.intents
    .filter((intent) => intent.state === "planned" && !changed.some((other) => other.n === intent.n))
    .map((intent) => inDoubt(intent, nowMs));
  return { intents: [...changed, ...rest], status: "ended", reason };
}

async function settlePlan(deps: TradingDeps, plan: Plan, listed: Places): Promise<string[]> {
  const isPast = deps.clock.nowMs() >= slotAtMs(plan.slot) + deps.slotMs;
  if (!isPast && !isFinished(plan)) return [];
  const changed: Intent[] = [];
  const findings: string[] = [];
  // Of an unfinished plan only the first place without an end can have been sent: the next waits for it to be confirmed.
  const first = plan.intents.find((intent) => intent.state === "planned" || isInDoubt(intent.state));
  for (const intent of plan.intents) {
    if (listed.has(intent.n)) continue;
    if (intent.state === "planned" && intent !== first) {
      changed.push({ ...intent, state: "not-sent", updatedAtMs: deps.clock.nowMs() });
    } else if (intent === first || isInDoubt(intent.state) || isWorking(intent.state)) {
      const looked = await lookFor(deps, intent);
      if (looked !== null) changed.push(looked);
      if (looked === null && isWorking(intent.state)) findings.push(`${intent.clientOrderId} is gone at the broker.`);
    }
  }
  const after = plan.intents.map((intent) => changed.find((other) => other.n === intent.n) ?? intent);
  const closing = isFinished(plan) ? {} : closeOf(plan, after);
  if (changed.length > 0 || closing.status !== undefined) {
    deps.guard.check(0);
    deps.store.update(plan.slot, { intents: changed, ...closing });
  }
  return findings;
}

/** The intent after one more look-up, or null when that changed nothing. */
async function lookFor(deps: TradingDeps, intent: Intent): Promise<Intent | null> {
  const id = intent.clientOrderId;
  const order = await deps.broker.findByClientOrderId(id);
  const nowMs = deps.clock.nowMs();
  if (order !== null) {
    deps.absences.delete(id);
    return take(intent.slot, intent.n, intent, [order], nowMs).adopted;
  }
  if (isWorking(intent.state)) return null;
  const realNowMs = deps.realTime.nowMs();
  const absence = oneMoreAbsence(deps.absences.get(id), realNowMs);
  deps.absences.set(id, absence);
  // The listing before this look-up did not have it either: each counts for both.
  if (isAbsent(absence, deps.limits, realNowMs)) {
    deps.absences.delete(id);
    return { ...inDoubt(intent, nowMs), state: "not-sent" };
  }
  return intent.state === "unknown" ? null : inDoubt(intent, nowMs);
}

function closeOf(plan: Plan, intents: readonly Intent[]): PlanChange {
  const complete = intents.every((intent) => intent.state === "filled" || isWorking(intent.state));
  if (complete) return { status: "done", reason: plan.reason };
  return { status: "ended", reason: "The slot was over before the plan was carried out." };
}

const isSettled = (intent: Intent): boolean =>
  intent.brokerOrderId !== null && ["filled", "rejected", "cancelled", "expired"].includes(intent.state);
const isKnownTrouble = (plan: Plan | null, trouble: string): boolean => plan?.reason.includes(trouble) ?? false;
