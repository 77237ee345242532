import type { trading } from "@alpacahq/alpaca-trade-api/rest";
import { z } from "zod";
import type { BrokerActivity } from "../broker.ts";
import { said } from "./alpaca-answer.ts";
import { kindOf } from "./alpaca-kinds.ts";

const PAGE_SIZE = 100;
const PAGES_MAX = 100;

const amount = z.coerce.number();
/** What does not apply is left out, or empty. */
const text = z
  .string()
  .nullish()
  .transform((given) => given || null);
const fillWire = z
  .object({
    activityType: z.literal("FILL"),
    id: z.string().min(1),
    transactionTime: z.date(),
    side: z.enum(["buy", "sell", "sell_short"]),
    symbol: z.string().min(1),
    qty: amount.positive(),
    price: amount.positive(),
  })
  .transform(({ id, transactionTime, side, symbol, qty, price }): BrokerActivity => ({
    id,
    atMs: transactionTime.getTime(),
    kind: side === "buy" ? "buy" : "sell",
    currency: "USD",
    amount: null,
    symbol,
    qty,
    price,
    note: "FILL",
  }));
const otherWire = z
  .object({
    activityType: z.string(),
    activitySubType: text,
    id: z.string().min(1),
    netAmount: amount.default(0),
    currency: z.literal("USD").default("USD"),
    date: z.date(),
    createdAt: z.date().optional(),
    symbol: text,
    qty: amount.optional(),
    status: z.string().optional(),
  })
  .transform((one): BrokerActivity => {
    const { id, activityType, activitySubType, netAmount, currency, date, createdAt, symbol, qty } = one;
    const kind = kindOf(one);
    const movesShares = kind === "split" || kind === "unbooked";
    return {
      id,
      atMs: (createdAt ?? date).getTime(),
      kind,
      currency,
      amount: netAmount,
      symbol,
      qty: kind === "cash-in-lieu" ? Math.abs(qty ?? 0) : movesShares ? (qty ?? null) : null,
      price: null,
      note: activitySubType === null ? activityType : `${activityType} ${activitySubType}`,
    };
  });

const isOver = (status: unknown): boolean => status === "canceled";
const isFill = (activityType: unknown): boolean => activityType === "FILL";

/** The account's activities after this instant, oldest first; cancelled ones are left out. */
export async function activities(
  api: trading.AccountActivitiesApi,
  sinceMs: number,
): Promise<readonly BrokerActivity[]> {
  const found = new Map<string, BrokerActivity | null>();
  const request = { after: new Date(sinceMs), pageSize: PAGE_SIZE };
  for (let page = 0; page < PAGES_MAX; page++) {
    const pageToken = [...found.keys()].at(-1);
    const asking = api.getAccountActivities(pageToken === undefined ? request : { ...request, pageToken });
    const answer = z.array(z.looseObject({ id: z.string().min(1) })).parse(await said("activities", asking));
    const known = found.size;
    for (const one of answer) {
      const parsed = isFill(one["activityType"]) ? fillWire.parse(one) : otherWire.parse(one);
      found.set(one.id, isOver(one["status"]) ? null : parsed);
    }
    if (answer.length < PAGE_SIZE) {
      // They are told newest first: those of one instant are put in the order in which they happened too.
      const told = [...found.values()].filter((one) => one !== null).toReversed();
      return told.toSorted((a, b) => a.atMs - b.atMs);
    }
    if (found.size === known) break;
  }
  throw new Error("the broker's list of activities did not come to an end");
}
