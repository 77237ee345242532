import { assertPlanChange } from "../../../src/trading/order-states.ts";
import { type Plan, type PlanStore, isFinished, isInDoubt, isWorking } from "../../../src/trading/plan-record.ts";

/** A plan store in memory; `rows` is its whole content, to be kept aside and started from again. */
export function memoryPlanStore(
  rows: ReadonlyMap<string, Plan> = new Map(),
): PlanStore & { rows(): ReadonlyMap<string, Plan> } {
  const plans = new Map(rows);
  const sorted = (): Plan[] => [...plans.values()].sort((a, b) => (a.slot < b.slot ? -1 : 1));
  return {
    rows: () => new Map(plans),
    read: (slot) => plans.get(slot) ?? null,
    unsettled: () =>
      sorted().filter(
        (plan) => !isFinished(plan) || plan.intents.some((i) => isInDoubt(i.state) || isWorking(i.state)),
      ),
    newestSlot: () => sorted().at(-1)?.slot ?? null,
    insert: (plan) => {
      if (plans.has(plan.slot)) throw new Error(`slot ${plan.slot} has a plan`);
      plans.set(plan.slot, plan);
    },
    update: (slot, change) => {
      const plan = plans.get(slot);
      if (plan === undefined) throw new Error(`slot ${slot} has no plan`);
      assertPlanChange(plan, change);
      const intents = new Map(plan.intents.map((intent) => [intent.n, intent]));
      for (const intent of change.intents ?? []) intents.set(intent.n, intent);
      const { status = plan.status, reason = plan.reason } = change;
      plans.set(slot, { ...plan, status, reason, intents: [...intents.values()].sort((a, b) => a.n - b.n) });
    },
  };
}
