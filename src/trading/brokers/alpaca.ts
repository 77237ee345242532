import { errors, trading } from "@alpacahq/alpaca-trade-api/rest";
import type { Broker, BrokerOrder, OrderIntent, PlaceOutcome } from "../broker.ts";
import { activities } from "./alpaca-activities.ts";
import { because, said } from "./alpaca-answer.ts";
import { type WireOrder, accountWire, orderWire, positionWire, toBrokerOrder } from "./alpaca-wire.ts";

const ALPACA_LIVE_HOST = "api.alpaca.markets";

const NOT_FOUND_CODE = 40410000;
const PAGE_SIZE = 500;
const PAGES_MAX = 100;
/** Answers that say for certain that no order came of the request. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 404, 422]);

export type AlpacaOptions = {
  /** One of Alpaca's hosts, or the bundled exchange simulator. */
  readonly baseUrl: string;
  readonly keyId: string;
  readonly secret: string;
  readonly timeoutMs?: number;
  /** Whose host this is does not tell whose money it moves; Alpaca's live host is real whatever is said here. */
  readonly money?: "paper" | "real";
};

/**
 * The broker port over Alpaca's own SDK.
 * The SDK's retries and its rate limiter are off: both would send later than the lease was checked.
 */
export function createAlpaca(options: AlpacaOptions): Broker {
  const isLiveHost = new URL(options.baseUrl).hostname === ALPACA_LIVE_HOST;
  const config = new trading.Configuration({
    basePath: options.baseUrl.replace(/\/+$/, ""),
    keyId: options.keyId,
    secret: options.secret,
    timeoutMs: options.timeoutMs ?? 5_000,
  });
  const orders = new trading.OrdersApi(config);
  return {
    name: "alpaca",
    money: isLiveHost ? "real" : (options.money ?? "paper"),
    idempotency: "enforced",
    whyNotTradable: ({ currency, exchange }) =>
      currency === "USD" && exchange === "XNYS" ? null : "Alpaca deals in US listings in dollars only",
    place: (intent) => place(orders, intent),
    findByClientOrderId: (clientOrderId) => find(orders, clientOrderId),
    listByPrefix: (prefix, sinceMs) => listByPrefix(orders, prefix, sinceMs),
    cancel: (brokerOrderId) => cancel(orders, brokerOrderId),
    positions: async () => {
      const positions = await said("positions", new trading.PositionsApi(config).getAllOpenPositions());
      return positions.map((position) => positionWire.parse(position));
    },
    account: async () => accountWire.parse(await said("account", new trading.AccountsApi(config).getAccount())),
    isMarketOpen: async () => (await said("clock", new trading.ClockApi(config).legacyClock())).isOpen,
    activities: (sinceMs) => activities(new trading.AccountActivitiesApi(config), sinceMs),
  };
}

async function place(orders: trading.OrdersApi, intent: OrderIntent): Promise<PlaceOutcome> {
  const { clientOrderId, symbol, side, qty } = intent;
  try {
    const answer = await orders.postOrder({
      postOrderRequest: { clientOrderId, symbol, side, qty: String(qty), type: "market", timeInForce: "day" },
    });
    return { kind: "placed", order: asked(clientOrderId, answer) };
  } catch (error) {
    if (!(error instanceof errors.ApiError)) return { kind: "unknown", reason: because(error) };
    if (error.status === 422 && /client_order_id.*unique/i.test(error.message)) return { kind: "duplicate" };
    const reason = `${error.status}: ${error.message}`;
    return REFUSALS.has(error.status) ? { kind: "refused", reason } : { kind: "unknown", reason };
  }
}

/** The order of an answer; throws when it is another's: on a connection gone wrong, answers may come in a wrong order. */
function asked(clientOrderId: string, answer: unknown): BrokerOrder {
  const order = toBrokerOrder(orderWire.parse(answer));
  if (order.clientOrderId !== clientOrderId) throw new Error(`the broker answered with ${order.clientOrderId}`);
  return order;
}

async function find(orders: trading.OrdersApi, clientOrderId: string): Promise<BrokerOrder | null> {
  try {
    return asked(clientOrderId, await orders.getOrderByClientOrderId({ clientOrderId }));
  } catch (error) {
    // Only the broker's own "no such order" counts: a 404 of some proxy says nothing about the order.
    if (error instanceof errors.NotFoundError && error.code === NOT_FOUND_CODE) return null;
    throw new Error(`the broker did not look up ${clientOrderId}: ${because(error)}`, { cause: error });
  }
}

// Pages overlap by a millisecond and are told apart by id, so that orders of one instant are not lost between them.
async function listByPrefix(orders: trading.OrdersApi, prefix: string, sinceMs: number): Promise<BrokerOrder[]> {
  const found = new Map<string, WireOrder>();
  const after = new Date(Math.max(0, sinceMs - 1)).toISOString();
  let until: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const request = { status: "all", limit: PAGE_SIZE, direction: "desc", after } as const;
    const answer = await said("orders", orders.getAllOrders(until === undefined ? request : { ...request, until }));
    const known = found.size;
    for (const order of answer) if (order.id !== undefined && !found.has(order.id)) found.set(order.id, order);
    if (answer.length < PAGE_SIZE) return matching(found.values(), prefix);
    const oldest = answer.at(-1)?.submittedAt;
    if (!oldest || found.size === known) break;
    until = new Date(oldest.getTime() + 1).toISOString();
  }
  throw new Error("the broker's list of orders did not come to an end");
}

function matching(orders: Iterable<WireOrder>, prefix: string): BrokerOrder[] {
  // Orders of other programs on the account may have forms that ours never have: filtered before they are parsed.
  return [...orders]
    .filter((order) => order.clientOrderId?.startsWith(prefix))
    .map((order) => toBrokerOrder(orderWire.parse(order)));
}

async function cancel(orders: trading.OrdersApi, brokerOrderId: string): Promise<"accepted" | "too-late"> {
  try {
    await orders.deleteOrderByOrderID({ orderId: brokerOrderId });
    return "accepted";
  } catch (error) {
    if (error instanceof errors.ApiError && (error.status === 404 || error.status === 422)) return "too-late";
    throw new Error(`the broker did not cancel ${brokerOrderId}: ${because(error)}`, { cause: error });
  }
}
