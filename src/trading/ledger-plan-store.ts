import { and, asc, desc, eq, getTableColumns, inArray, isNotNull, max, notInArray, or } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { orderIntents, plans } from "../db/ledger-schema.ts";
import { assertNewPlan, assertPlanChange } from "./order-states.ts";
import type { Intent, Plan, PlanStore } from "./plan-record.ts";

/** Of so many plans it is kept what they were chosen from: some 8 kB each. */
const CONSIDERED_KEPT = 20;

/** The plans of one book in the ledger: each call that writes is one transaction. */
export function ledgerPlanStore({ db }: Pick<Ledger, "db">, book: string): PlanStore {
  const intentsOf = (slot: string): Intent[] =>
    db
      .select()
      .from(orderIntents)
      .where(and(eq(orderIntents.book, book), eq(orderIntents.slot, slot)))
      .orderBy(asc(orderIntents.n))
      .all()
      .map(withoutBook);
  const planAt = (slot: string) => and(eq(plans.book, book), eq(plans.slot, slot));
  const read = (slot: string): Plan | null => {
    const { considered: _, ...columns } = getTableColumns(plans);
    const row = db.select(columns).from(plans).where(planAt(slot)).get();
    if (row === undefined) return null;
    return { ...withoutBook(row), intents: intentsOf(slot) };
  };
  return {
    read,
    unsettled: () =>
      db
        .selectDistinct({ slot: plans.slot })
        .from(plans)
        .leftJoin(orderIntents, and(eq(orderIntents.book, plans.book), eq(orderIntents.slot, plans.slot)))
        .where(
          and(
            eq(plans.book, book),
            or(
              notInArray(plans.status, ["done", "ended"]),
              inArray(orderIntents.state, ["sent", "unknown", "open", "partly-filled"]),
            ),
          ),
        )
        .orderBy(asc(plans.slot))
        .all()
        .flatMap(({ slot }) => read(slot) ?? []),
    newestSlot: () =>
      db
        .select({ slot: max(plans.slot) })
        .from(plans)
        .where(eq(plans.book, book))
        .get()?.slot ?? null,
    insert: ({ intents, ...plan }, considered) =>
      db.transaction((tx) => {
        assertNewPlan({ ...plan, intents });
        tx.insert(plans)
          .values({ book, ...plan, considered: considered ?? null })
          .run();
        const ofBook = eq(plans.book, book);
        const newest = tx.select({ slot: plans.slot }).from(plans).where(ofBook).orderBy(desc(plans.slot));
        tx.update(plans)
          .set({ considered: null })
          .where(and(ofBook, isNotNull(plans.considered), notInArray(plans.slot, newest.limit(CONSIDERED_KEPT))))
          .run();
        for (const intent of intents) {
          tx.insert(orderIntents)
            .values({ book, ...intent })
            .run();
        }
      }),
    update: (slot, change) =>
      db.transaction((tx) => {
        const before = read(slot);
        if (before === null) throw new Error(`slot ${slot} has no plan`);
        assertPlanChange(before, change);
        for (const intent of change.intents ?? []) {
          const key = [orderIntents.book, orderIntents.slot, orderIntents.n];
          tx.insert(orderIntents)
            .values({ book, ...intent })
            .onConflictDoUpdate({ target: key, set: intent })
            .run();
        }
        const { status, reason } = change;
        if (status === undefined && reason === undefined) return;
        tx.update(plans)
          .set({ ...(status === undefined ? {} : { status }), ...(reason === undefined ? {} : { reason }) })
          .where(planAt(slot))
          .run();
      }),
  };
}

function withoutBook<Row extends { readonly book: string }>(row: Row): Omit<Row, "book"> {
  const { book: _, ...rest } = row;
  return rest;
}
