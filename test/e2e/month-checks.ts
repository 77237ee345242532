import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { slotMs } from "../../src/jobs/slots.ts";
import type { ReadyNode } from "./demo-process.ts";

const CENT = 0.01;

const order = z.object({
  id: z.string(),
  client_order_id: z.string(),
  side: z.enum(["buy", "sell"]),
  symbol: z.string(),
  filled_qty: z.coerce.number(),
  filled_avg_price: z.coerce.number().nullable(),
  status: z.string(),
});
const states: Readonly<Record<string, string>> = {
  new: "open",
  canceled: "cancelled",
  partially_filled: "partly-filled",
};

const intent = z.object({
  id: z.string(),
  state: z.string(),
  broker: z.string().nullable(),
  symbol: z.string(),
  side: z.enum(["buy", "sell"]),
  qty: z.number(),
  price: z.number().nullable(),
});
type Intent = z.infer<typeof intent>;

/** What a ledger holds of orders and money. */
export type Books = {
  readonly intents: readonly Intent[];
  readonly cashUsd: number | null;
  /** All movements together, what was there at the beginning among them. */
  readonly movedUsd: number;
  readonly slots: number;
};

/** Reads the ledger of the node that leads. */
export function booksOf(node: ReadyNode): Books {
  const db = new Database(join(node.dataDir, "ledger", "ledger.db"), { readonly: true, fileMustExist: true });
  try {
    const sql =
      "SELECT client_order_id AS id, state, broker_order_id AS broker, symbol, side, filled_qty AS qty, filled_avg_price AS price FROM order_intents";
    const cash = z
      .number()
      .optional()
      .parse(db.prepare("SELECT amount FROM cash WHERE currency = 'USD'").pluck().get());
    const cents = z.int().parse(db.prepare("SELECT coalesce(sum(minor), 0) FROM movements").pluck().get());
    const runs = "SELECT DISTINCT slot FROM job_runs WHERE job = 'rebalance' AND status = 'completed' ORDER BY slot";
    const slots = z.array(z.string()).parse(db.prepare(runs).pluck().all());
    const [first, last] = [slots[0], slots.at(-1)];
    const spanned = first === undefined || last === undefined ? 0 : (slotMs(last) - slotMs(first)) / 900_000 + 1;
    const intents = z.array(intent).parse(db.prepare(sql).all());
    return { intents, cashUsd: cash ?? null, movedUsd: cents / 100, slots: spanned };
  } finally {
    db.close();
  }
}

const headers = { "APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s" };

async function ask<T>(port: number, path: string, schema: z.ZodType<T>): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(3_000) });
  return schema.parse(await answer.json());
}

/** Where the exchange's book and this ledger differ, and where the money does not add up to the cent. */
export async function differences(exchangePort: number, { intents, cashUsd, movedUsd }: Books): Promise<string[]> {
  const there = await ask(exchangePort, "/v2/orders?status=all&limit=500", z.array(order));
  const account = await ask(exchangePort, "/v2/account", z.object({ cash: z.coerce.number() }));
  const known = new Map(intents.flatMap((one) => (one.broker === null ? [] : [[one.broker, one] as const])));
  const wrong = there.flatMap((one) => {
    const here = known.get(one.id);
    const state = states[one.status] ?? one.status;
    if (here === undefined) return [`${one.client_order_id} is at the exchange, and not in the ledger`];
    const same =
      here.id === one.client_order_id &&
      here.state === state &&
      here.qty === one.filled_qty &&
      here.price === one.filled_avg_price;
    return same ? [] : [`${one.client_order_id} is ${state} at the exchange, ${here.state} in the ledger`];
  });
  const doubtful = intents
    .filter(
      ({ state, broker }) => state === "sent" || state === "unknown" || (broker !== null && !isThere(there, broker)),
    )
    .map(({ id, state }) => `${id} is ${state}, and not at the exchange`);
  const sums = [
    ["the movements in the ledger", movedUsd],
    ["the ledger's cash", cashUsd],
  ] as const;
  const money = sums
    .filter(([, usd]) => usd === null || Math.abs(usd - account.cash) >= CENT / 2)
    .map(([what, usd]) => `${what} make ${usd} USD, the exchange has ${account.cash}`);
  return [...wrong, ...doubtful, ...money];
}

const isThere = (orders: readonly z.infer<typeof order>[], id: string): boolean => orders.some((one) => one.id === id);
