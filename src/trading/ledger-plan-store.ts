import { and, asc, desc, eq, getTableColumns, inArray, isNotNull, max, notInArray, or } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { orderIntents, plans } from "../db/ledger-schema.ts";
import { assertNewPlan, assertPlanChange } from "./order-states.ts";
import type { Intent, Plan, PlanStore } from "./plan-record.ts";

/** Of so many plans it is kept what they were chosen from: some 8 kB each. */
const CONSIDERED_KEPT = 20;

/** Plans in the ledger: each call that writes is one transaction. */
export function ledgerPlanStore({ db }: Ledger): PlanStore {
  const intentsOf = (slot: string): Intent[] =>
    db.select().from(orderIntents).where(eq(orderIntents.slot, slot)).orderBy(asc(orderIntents.n)).all();
  const read = (slot: string): Plan | null => {
    const { considered: _, ...columns } = getTableColumns(plans);
    const row = db.select(columns).from(plans).where(eq(plans.slot, slot)).get();
    return row === undefined ? null : { ...row, intents: intentsOf(slot) };
  };
  return {
    read,
    unsettled: () =>
      db
        .selectDistinct({ slot: plans.slot })
        .from(plans)
        .leftJoin(orderIntents, eq(orderIntents.slot, plans.slot))
        .where(
          or(
            notInArray(plans.status, ["done", "ended"]),
            inArray(orderIntents.state, ["sent", "unknown", "open", "partly-filled"]),
          ),
        )
        .orderBy(asc(plans.slot))
        .all()
        .flatMap(({ slot }) => read(slot) ?? []),
    newestSlot: () =>
      db
        .select({ slot: max(plans.slot) })
        .from(plans)
        .get()?.slot ?? null,
    insert: ({ intents, ...plan }, considered) =>
      db.transaction((tx) => {
        assertNewPlan({ ...plan, intents });
        tx.insert(plans)
          .values({ ...plan, considered: considered ?? null })
          .run();
        const kept = tx.select({ slot: plans.slot }).from(plans).orderBy(desc(plans.slot)).limit(CONSIDERED_KEPT);
        tx.update(plans)
          .set({ considered: null })
          .where(and(isNotNull(plans.considered), notInArray(plans.slot, kept)))
          .run();
        for (const intent of intents) tx.insert(orderIntents).values(intent).run();
      }),
    update: (slot, change) =>
      db.transaction((tx) => {
        const before = read(slot);
        if (before === null) throw new Error(`slot ${slot} has no plan`);
        assertPlanChange(before, change);
        for (const intent of change.intents ?? []) {
          const key = [orderIntents.slot, orderIntents.n];
          tx.insert(orderIntents).values(intent).onConflictDoUpdate({ target: key, set: intent }).run();
        }
        const { status, reason } = change;
        if (status === undefined && reason === undefined) return;
        tx.update(plans)
          .set({ ...(status === undefined ? {} : { status }), ...(reason === undefined ? {} : { reason }) })
          .where(and(eq(plans.slot, slot)))
          .run();
      }),
  };
}
