import { assertNewPlan, assertPlanChange } from "../../src/trading/order-states.ts";
import { isFinished, isInDoubt, isWorking } from "../../src/trading/plan-record.ts";
import type { Plan, PlanStore } from "../../src/trading/plan-record.ts";
import { commit } from "./app.ts";
import { checkIntent, checkPlan } from "./order-checker.ts";
import { violate } from "./world.ts";
import type { App, Host, World } from "./world.ts";

/** Plans in the simulated ledger: each call that writes is one transaction of its history. */
export function planStore(world: World, host: Host, app: App): PlanStore {
  const rows = (): ReadonlyMap<string, Plan> => host.disk.ledger?.head?.rows ?? new Map();
  const sorted = (): Plan[] => [...rows().values()].sort((a, b) => (a.slot < b.slot ? -1 : 1));
  return {
    read: (slot) => rows().get(slot) ?? null,
    unsettled: () =>
      sorted().filter(
        (plan) => !isFinished(plan) || plan.intents.some(({ state }) => isInDoubt(state) || isWorking(state)),
      ),
    newestSlot: () => sorted().at(-1)?.slot ?? null,
    insert: (plan) => {
      if (rows().has(plan.slot)) throw new Error(`slot ${plan.slot} has a plan`);
      mustHold(world, () => assertNewPlan(plan));
      checkPlan(world, host, plan);
      commit(world, host, app, new Map(rows()).set(plan.slot, plan));
    },
    update: (slot, change) => {
      const plan = rows().get(slot);
      if (plan === undefined) throw new Error(`slot ${slot} has no plan`);
      mustHold(world, () => assertPlanChange(plan, change));
      const intents = new Map(plan.intents.map((intent) => [intent.n, intent]));
      for (const intent of change.intents ?? []) {
        checkIntent(world, intents.get(intent.n), intent);
        intents.set(intent.n, intent);
      }
      const { status = plan.status, reason = plan.reason } = change;
      const after = { ...plan, status, reason, intents: [...intents.values()].sort((a, b) => a.n - b.n) };
      commit(world, host, app, new Map(rows()).set(slot, after));
    },
  };
}

/** What the ledger would refuse as a broken invariant is one here too. */
function mustHold(world: World, check: () => void): void {
  try {
    check();
  } catch (error) {
    violate(world, `orders: ${error instanceof Error ? error.message : String(error)}`);
  }
}
