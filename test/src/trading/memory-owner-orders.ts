import type { OwnerOrder } from "../../../src/planning/owner-orders.ts";
import {
  type KeptOrder,
  type OwnerOrders,
  type Standing,
  endedBy,
  mayBeOrder,
  standingOf,
  untilOf,
} from "../../../src/trading/owner-orders.ts";
import type { memoryPlanStore } from "./memory-plan-store.ts";

/** The owner's orders in memory, beside the plans that they go into; `rows` is their whole content. */
export function memoryOwnerOrders(
  plans: Pick<ReturnType<typeof memoryPlanStore>, "read" | "rows">,
  rows: ReadonlyMap<string, KeptOrder> = new Map(),
): OwnerOrders & {
  readonly rows: () => ReadonlyMap<string, KeptOrder>;
  readonly keep: (order: OwnerOrder, nowMs: number) => void;
} {
  const kept = new Map(rows);
  const change = (id: string, over: Partial<KeptOrder>): void => {
    const before = kept.get(id);
    if (before !== undefined) kept.set(id, { ...before, ...over });
  };
  const standing = (order: KeptOrder, nowMs: number): Standing => {
    const plan = order.slot === null ? null : plans.read(order.slot);
    const told = standingOf(order, plan?.intents.find(({ n }) => n === order.n) ?? null, nowMs);
    const all = [...plans.rows().values()].flatMap(({ intents }) => intents);
    const lost = told.state === "open" ? all.find((intent) => mayBeOrder(order, intent)) : undefined;
    return lost === undefined ? told : endedBy(lost);
  };
  return {
    rows: () => new Map(kept),
    keep: (order, nowMs) => {
      const open = { waitsFor: null, slot: null, n: null, closed: null, closedWhy: null };
      kept.set(order.id, { ...order, ...open, book: "b", madeAtMs: nowMs, untilMs: untilOf(nowMs) });
    },
    open: (nowMs) =>
      [...kept.values()]
        .filter((order) => standing(order, nowMs).state === "open")
        .toSorted((a, b) => a.madeAtMs - b.madeAtMs || (a.id < b.id ? -1 : 1)),
    note: (slot, taken, waiting) => {
      for (const { id, n } of taken) change(id, { slot, n, waitsFor: null });
      for (const { id, why } of waiting) change(id, { waitsFor: why });
    },
    at: (slot, n) => [...kept.values()].find((order) => order.slot === slot && order.n === n) ?? null,
  };
}
