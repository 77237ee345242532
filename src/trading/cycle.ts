import type { BrokerOrder } from "./broker.ts";
import { type Answer, type Run, type Sighting, type Step, decide, see, sent, startRun } from "./order-rules.ts";
import { type Intent, type Plan, parseClientOrderId, slotAtMs } from "./plan-record.ts";
import type { TradingDeps } from "./trading-deps.ts";

const STEPS_MAX = 200;
const DAY_MS = 86_400_000;

export type CycleEnd =
  | { readonly kind: "finished"; readonly plan: Plan; readonly confirmed: boolean }
  /** Unfinished: nothing wrong was done, and a later run goes on from what is written. */
  | { readonly kind: "left"; readonly plan: Plan; readonly reason: string };

/**
 * Carries out the plan of a slot, as far as the rules of `order-rules.ts` allow: they decide, this acts.
 * The plan is in the store already. Throws `LeaseOver`; whatever was on its way then stays unknown.
 */
export async function runPlan(
  deps: TradingDeps,
  slot: string,
  writtenByThisRun: boolean,
  signal: AbortSignal,
): Promise<CycleEnd> {
  if (Number.isNaN(slotAtMs(slot))) throw new Error(`"${slot}" is not a slot`);
  let run = startRun(readPlan(deps, slot), writtenByThisRun);
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const plan = readPlan(deps, slot);
    const step = decide(plan, run, {
      nowMs: deps.clock.nowMs(),
      slotEndsAtMs: slotAtMs(slot) + deps.slotMs,
      realNowMs: deps.realTime.nowMs(),
      stopping: signal.aborted,
      idempotency: deps.broker.idempotency,
      limits: deps.limits,
    });
    deps.log.debug({ slot, step: step.kind }, "order step");
    switch (step.kind) {
      case "leave":
        return { kind: "left", plan, reason: step.reason };
      case "finish":
        return finish(deps, slot, step);
      case "confirm": {
        const confirmed = await confirmPlan(deps, plan);
        if (!confirmed) return { kind: "left", plan, reason: "The plan is not confirmed on the other node." };
        run = { ...run, confirmed };
        break;
      }
      case "look":
        await deps.realTime.sleep(step.afterMs, signal);
        run = await look(deps, slot, run, step.n);
        break;
      case "send": {
        const forbidden = await deps.mayTrade(step.intent);
        run =
          forbidden === null
            ? sent(run, step.intent.n, await send(deps, step.intent))
            : { ...run, conflict: forbidden };
        break;
      }
    }
  }
  return { kind: "left", plan: readPlan(deps, slot), reason: "The cycle did not come to an end." };
}

async function confirmPlan(deps: TradingDeps, plan: Plan): Promise<boolean> {
  if ((await deps.confirm()) !== "confirmed") return false;
  deps.guard.check(0);
  if (plan.status === "planned") deps.store.update(plan.slot, { status: "confirmed" });
  return true;
}

async function finish(deps: TradingDeps, slot: string, step: Extract<Step, { kind: "finish" }>): Promise<CycleEnd> {
  deps.guard.check(0);
  deps.store.update(slot, { intents: step.intents, status: step.status, reason: step.reason });
  const confirmed = (await deps.confirm()) === "confirmed";
  return { kind: "finished", plan: readPlan(deps, slot), confirmed };
}

/** Writes "sent" and sends; the lease is checked last before the request, since the write may have taken its time. */
async function send(deps: TradingDeps, intent: Intent): Promise<Answer> {
  const { guard, store, clock, broker } = deps;
  guard.check(deps.sendMarginMs);
  const nowMs = clock.nowMs();
  store.update(intent.slot, { intents: [{ ...intent, state: "sent", sentAtMs: nowMs, updatedAtMs: nowMs }] });
  const { clientOrderId, symbol, side, qty } = intent;
  guard.check(deps.sendMarginMs);
  const outcome = await broker.place({ clientOrderId, symbol, side, qty }).catch((error: unknown) => ({
    kind: "unknown" as const,
    reason: error instanceof Error ? error.message : String(error),
  }));
  const answer: Answer = { kind: outcome.kind, reason: "reason" in outcome ? outcome.reason : "" };
  deps.log.info({ clientOrderId, symbol, side, qty, answer }, "order sent");
  if (answer.kind === "unknown") {
    guard.check(0);
    store.update(intent.slot, {
      intents: [{ ...intent, state: "unknown", sentAtMs: nowMs, updatedAtMs: clock.nowMs() }],
    });
  }
  return answer;
}

async function look(deps: TradingDeps, slot: string, run: Run, n: number): Promise<Run> {
  let sightings: Sighting[];
  try {
    sightings = await sightingsOf(deps, slot, readPlan(deps, slot), n);
  } catch (error) {
    deps.log.warn({ err: error, slot, n }, "look-up failed");
    return { ...run, failedLooks: run.failedLooks + 1 };
  }
  const at = { nowMs: deps.clock.nowMs(), realNowMs: deps.realTime.nowMs() };
  const seen = see(readPlan(deps, slot), run, n, sightings, at);
  if (seen.intents.length > 0) {
    deps.guard.check(0);
    deps.store.update(slot, { intents: seen.intents });
  }
  return seen.run;
}

// Two questions, because a broker's list may lag behind its look-up, and only the list shows a second order of one id.
async function sightingsOf(deps: TradingDeps, slot: string, plan: Plan, n: number): Promise<Sighting[]> {
  const intent = plan.intents.find((candidate) => candidate.n === n);
  const listed = await deps.broker.listByPrefix(`${deps.cluster}-${slot}-`, slotAtMs(slot) - DAY_MS);
  const found = intent === undefined ? null : await deps.broker.findByClientOrderId(intent.clientOrderId);
  const orders = new Map<string, BrokerOrder>();
  // The look-up is the younger answer, so it comes last.
  for (const order of found === null ? listed : [...listed, found]) orders.set(order.brokerOrderId, order);
  return [...orders.values()].flatMap((order) => {
    const place = parseClientOrderId(deps.cluster, order.clientOrderId);
    return place?.slot === slot ? [{ n: place.n, order }] : [];
  });
}

function readPlan(deps: TradingDeps, slot: string): Plan {
  const plan = deps.store.read(slot);
  if (plan === null) throw new Error(`slot ${slot} has no plan`);
  return plan;
}
