import type { trading } from "@alpacahq/alpaca-trade-api/rest";
import { z } from "zod";
import type { BrokerActivity } from "../broker.ts";
import { said } from "./alpaca-answer.ts";

const PAGE_SIZE = 100;
const PAGES_MAX = 100;

/** Alpaca's types; what is not named here is `other`: it counts in the cash, and its note says what it is. */
const KINDS: { readonly [type: string]: BrokerActivity["kind"] } = {
  DIV: "dividend",
  DIVCGL: "dividend",
  DIVCGS: "dividend",
  DIVROC: "dividend",
  DIVTXEX: "dividend",
  CGD: "dividend",
  DIVNRA: "tax",
  DIVFT: "tax",
  DIVTW: "tax",
  INTNRA: "tax",
  INTTW: "tax",
  FEE: "fee",
  CFEE: "fee",
  DIVFEE: "fee",
  PTC: "fee",
  PTR: "fee",
};
/** Money that its owner moves, in or out. */
const FLOWS: ReadonlySet<string> = new Set(["CSD", "CSW", "JNLC", "ACATC", "TRANS"]);

const amount = z.coerce.number();
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
    id: z.string().min(1),
    netAmount: amount.default(0),
    currency: z.literal("USD").default("USD"),
    date: z.date(),
    createdAt: z.date().optional(),
    symbol: z.string().min(1).nullish(),
    status: z.string().optional(),
  })
  .transform(({ id, activityType, netAmount, currency, date, createdAt, symbol }): BrokerActivity => ({
    id,
    atMs: (createdAt ?? date).getTime(),
    kind: FLOWS.has(activityType) ? (netAmount < 0 ? "withdrawal" : "deposit") : (KINDS[activityType] ?? "other"),
    currency,
    amount: netAmount,
    symbol: symbol ?? null,
    qty: null,
    price: null,
    note: activityType,
  }));

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
      return [...found.values()].filter((one) => one !== null).toSorted((a, b) => a.atMs - b.atMs);
    }
    if (found.size === known) break;
  }
  throw new Error("the broker's list of activities did not come to an end");
}
