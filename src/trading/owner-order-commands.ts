import { z } from "zod";
import { LeaseOver } from "../app-ports.ts";
import { isUnusable } from "../db/sqlite-error.ts";
import { type OwnerOrder, overridable } from "../planning/owner-orders.ts";
import { type CommandOutcome, done, refused } from "./command-outcome.ts";
import type { CommandDeps } from "./commands.ts";
import { findOwnerOrder, keepOwnerOrder, readOwnerOrders, type Told, withdrawOwnerOrder } from "./owner-order-store.ts";
import { orderText } from "./owner-orders.ts";
import type { OpenDesk } from "./trading-desk.ts";

const writeMarginMs = 50;
const qtyMax = 1_000_000;

/** Of an order of the owner's: made by whoever asks, so that the same request again is the same order. */
export const ownerOrderId = z.string().regex(/^[\w-]{4,40}$/, "4 to 40 of A-Z, a-z, 0-9, _ and -");

/** What an owner orders. */
export const ownerOrderFields = {
  id: ownerOrderId,
  side: z.enum(["buy", "sell"], "buy or sell"),
  symbol: z.string().min(1).max(20),
  qty: z.int("a whole number").min(1, "1 at least").max(qtyMax, `${qtyMax} at most`),
  /** Rules that are not to stop it. */
  override: z
    .array(z.enum(overridable, `one of ${overridable.join(", ")}`))
    .max(overridable.length)
    .default([]),
};

/** The commands about the owner's orders. */
export const ownerOrderCommands = [
  z.strictObject({ name: z.literal("order"), ...ownerOrderFields }),
  z.strictObject({ name: z.literal("order-withdraw"), id: ownerOrderId }),
  z.strictObject({ name: z.literal("orders") }),
] as const;
type Asked = z.output<(typeof ownerOrderCommands)[number]>;

/** Performs a command about the owner's orders. */
export async function runOwnerOrderCommand(deps: CommandDeps, asked: Asked): Promise<CommandOutcome> {
  switch (asked.name) {
    case "order":
      return take(deps, asked);
    case "order-withdraw":
      return withdraw(deps, asked.id);
    case "orders": {
      const lines = readOwnerOrders(deps.db, deps.nowMs()).map(line);
      return done(lines.length === 0 ? "nothing was ever ordered by hand" : "ordered by hand:", null, lines);
    }
  }
}

/** The order is in the book that is in force at this moment, which takes the broker's word for whose account it is. */
async function take(deps: CommandDeps, asked: Extract<Asked, { name: "order" }>): Promise<CommandOutcome> {
  const { id, side, symbol, qty } = asked;
  const order: OwnerOrder = { id, side, symbol, qty, overrides: [...new Set(asked.override)].sort() };
  const desk = await deskNow(deps);
  if (typeof desk === "string") return refused(`whose account it is for is not known: ${desk}`);
  const { book, mode } = desk;
  deps.guard.check(writeMarginMs);
  const kept = deps.write(() => deps.db.transaction(() => keepOwnerOrder(deps.db, book, order, deps.nowMs())));
  if (typeof kept === "string") return refused(kept);
  const confirmed = (await deps.confirm()) === "confirmed";
  if (kept.kind === "known") return done(`order ${id} was taken before`, confirmed, [line(kept.told)]);
  const until = new Date(kept.told.order.untilMs).toISOString().slice(0, 16);
  return done(`order ${id} is taken, for ${mode}: ${orderText(order)}, in a plan of before ${until}Z`, confirmed);
}

/** The desk as it is in force, or why it is not known; throws when it is the ledger or the lease that fails. */
async function deskNow({ desk }: CommandDeps): Promise<Pick<OpenDesk, "book" | "mode"> | string> {
  try {
    return await desk.open();
  } catch (error) {
    if (error instanceof LeaseOver || isUnusable(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

async function withdraw(deps: CommandDeps, id: string): Promise<CommandOutcome> {
  deps.guard.check(writeMarginMs);
  const told = deps.write(() =>
    deps.db.transaction(() => {
      const before = findOwnerOrder(deps.db, id, deps.nowMs());
      if (before?.standing.state === "open") withdrawOwnerOrder(deps.db, id, "It was withdrawn before it was sent.");
      return before;
    }),
  );
  if (told === null) return refused(`there is no order ${id}`);
  const { state, why } = told.standing;
  if (state !== "open" && state !== "withdrawn") return refused(`order ${id} is ${state}`, [why]);
  return done(`order ${id} is withdrawn`, (await deps.confirm()) === "confirmed");
}

const line = ({ order, standing: { state, why } }: Told): string =>
  `${order.id}  ${orderText(order)}  ${state}: ${why}`;
