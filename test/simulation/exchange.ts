import { apply, judge, newBook } from "../../src/exchange/book.ts";
import type { Book, ExchangeOrder } from "../../src/exchange/book.ts";
import type { Broker, BrokerOrder, OrderIntent, PlaceOutcome } from "../../src/trading/broker.ts";
import { checkAccepted } from "./order-checker.ts";
import { log } from "./world.ts";
import type { World } from "./world.ts";

/** An exchange outside the cluster: the shipped simulator's own book, behind a wire that delays, loses and forgets. */
export type Exchange = {
  readonly book: Book;
  readonly idempotency: Broker["idempotency"];
  readonly acceptsDuplicates: boolean;
  /** Its present mood. Shares of requests and answers that are lost, and how late a request may come. */
  loss: number;
  lateMs: number;
  /** Requests that were sent and have not arrived, by client order id. */
  readonly inFlight: Map<string, number>;
  orders: number;
};

export const calmLateMs = 25;
/** A request arrives within this time or never: what the order rules' absence time has to cover. */
export const lateMsMax = 450;
export const requestLimitMs = 150;
const priceUsd = 100;
const appMsPerMs = 600;

export function createExchange(world: Pick<World, "random">): Exchange {
  const { random } = world;
  const enforced = random.chance(0.6);
  return {
    book: newBook(100_000),
    idempotency: enforced ? "enforced" : random.chance(0.7) ? "lookup" : "none",
    acceptsDuplicates: !enforced,
    loss: 0,
    lateMs: calmLateMs,
    inFlight: new Map(),
    orders: 0,
  };
}

/** A request goes out; `answer` is called when its answer comes back, and only then. */
export function place(world: World, intent: OrderIntent, answer: (outcome: PlaceOutcome) => void): void {
  const { exchange, random } = world;
  const { clientOrderId } = intent;
  if (random.chance(exchange.loss)) return;
  exchange.inFlight.set(clientOrderId, (exchange.inFlight.get(clientOrderId) ?? 0) + 1);
  world.queue.add(world.nowMs + random.between(0.5, exchange.lateMs), () => {
    exchange.inFlight.set(clientOrderId, (exchange.inFlight.get(clientOrderId) ?? 1) - 1);
    const outcome = take(world, intent);
    if (random.chance(exchange.loss)) return;
    world.queue.add(world.nowMs + random.between(0.5, exchange.lateMs), () => answer(outcome));
  });
}

function take(world: World, intent: OrderIntent): PlaceOutcome {
  const { exchange, random } = world;
  const { book } = exchange;
  const refuses = random.chance(0.03);
  const verdict = judge(book, intent, refuses ? null : priceUsd, exchange.acceptsDuplicates);
  const { clientOrderId, symbol, side, qty } = intent;
  const id = `order-${++exchange.orders}`;
  const submittedAtMs = world.nowMs * appMsPerMs;
  const accepted = verdict.kind === "accept" ? { id, submittedAtMs, reservedUsd: verdict.reservedUsd } : null;
  apply(book, {
    kind: "attempt",
    attempt: { at: "", clientOrderId, symbol, side, qty, outcome: verdict.kind },
    accepted,
  });
  world.coverage.hit("exchange", verdict.kind);
  log(world, () => `  the exchange: ${verdict.kind} ${clientOrderId} ${side} ${qty} ${symbol}`);
  if (verdict.kind === "duplicate") return { kind: "duplicate" };
  if (verdict.kind === "refuse") return { kind: "refused", reason: verdict.message };
  checkAccepted(world, intent);
  const placed = brokerOrder(book.orders.get(id));
  const endsMs = random.chance(0.3) ? 0 : random.between(1, 900);
  world.queue.add(world.nowMs + endsMs, () => finish(world, id, random.chance(0.9)));
  return { kind: "placed", order: placed };
}

function finish({ exchange, nowMs }: World, id: string, fills: boolean): void {
  const atMs = nowMs * appMsPerMs;
  apply(exchange.book, fills ? { kind: "fill", id, atMs, priceUsd } : { kind: "cancel", id, atMs });
}

const states = {
  new: "open",
  partially_filled: "partly-filled",
  filled: "filled",
  canceled: "cancelled",
  expired: "expired",
} as const;

/** An order as the broker port shows it. */
export function brokerOrder(order: ExchangeOrder | undefined): BrokerOrder {
  if (order === undefined) throw new Error("no such order");
  const { id, clientOrderId, symbol, side, qty, filledQty, filledAvgPriceUsd: filledAvgPrice } = order;
  const state = states[order.status];
  return {
    brokerOrderId: id,
    clientOrderId,
    symbol,
    side,
    qty,
    state,
    filledQty,
    filledAvgPrice,
  };
}
