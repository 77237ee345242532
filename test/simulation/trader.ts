import pino from "pino";
import { LeaseOver } from "../../src/app-ports.ts";
import type { ActGuard, Confirm } from "../../src/app-ports.ts";
import { slotAt } from "../../src/jobs/slots.ts";
import type { Broker } from "../../src/trading/broker.ts";
import { defaultLimits } from "../../src/trading/order-rules.ts";
import type { Limits } from "../../src/trading/order-rules.ts";
import type { Lock } from "../../src/trading/locks.ts";
import { rebalanceJob } from "../../src/trading/rebalance-job.ts";
import type { RebalanceDeps } from "../../src/trading/rebalance-job.ts";
import { slotAtMs } from "../../src/trading/plan-record.ts";
import { dollarPrices } from "../support/dollar-prices.ts";
import { eagerSources, noOwnerOrders } from "../support/planning-sources.ts";
import { diesOfDeadline, inApp, remainingMs } from "./app.ts";
import { monotonicMs, wallMs } from "./clock.ts";
import { brokerOrder, place, requestLimitMs } from "./exchange.ts";
import { checkSend } from "./order-checker.ts";
import { planStore } from "./plan-store.ts";
import { awaitConfirm } from "./replica.ts";
import { log } from "./world.ts";
import type { App, Host, World } from "./world.ts";

/** A slot of fifteen minutes passes in a second and a half. */
const slotMs = 900_000;
const appMsPerMs = 600;
const originAppMs = slotAtMs("20261122T1415Z");
const symbols = ["A", "B", "C", "D", "E"];
const silent = pino({ level: "silent" });

/** The shipped limits, shorter as the lease is; the absence time covers a request's own limit four times. */
const limits: Limits = {
  ...defaultLimits,
  absentAfterMs: 4 * requestLimitMs,
  lookDelaysMs: [0, 5, 10, 20, 40, 100],
};

/** The app of a primary trades: the shipped job on the shipped rules, in a process that may stop at any await. */
export async function trade(world: World, host: Host, app: App): Promise<void> {
  const deps = world.parts.trading(depsOf(world, host, app));
  const job = rebalanceJob(deps);
  const pause = (ms: number): Promise<void> => deps.realTime.sleep(ms, app.stopping.signal);
  for (;;) {
    const slot = slotAt(Math.floor(deps.clock.nowMs() / slotMs) * slotMs);
    for (let attempt = 0; attempt < 3; attempt++) {
      const done = await run(world, host, app, () => job.run(slot, app.stopping.signal));
      // A lease that was only short may be renewed yet; one that is over ends the process.
      if (done === "over" && remainingMs(world, host, app) <= 0) return diesOfDeadline(world, host, app);
      if (done === "done") break;
      await pause(60);
    }
    await pause(Math.max(20, (slot.atMs + slotMs - deps.clock.nowMs()) / appMsPerMs + 1));
    if (app.stopping.signal.aborted) await new Promise<void>((resolve) => (app.resume = () => wake(world, resolve)));
  }
}

async function run(
  world: World,
  host: Host,
  app: App,
  job: () => Promise<string>,
): Promise<"done" | "failed" | "over"> {
  app.busy = true;
  try {
    const outcome = await job();
    log(world, () => `${host.name}'s cycle: ${outcome}`);
    return "done";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log(world, () => `${host.name}'s cycle: ${reason}`);
    world.coverage.hit("cycle", reasonOf(reason));
    return error instanceof LeaseOver ? "over" : "failed";
  } finally {
    app.busy = false;
  }
}

/** A sentence without its names and numbers. */
const reasonOf = (text: string): string => text.replaceAll(/[\d.]+|pair-\S+/g, "…").slice(0, 60);

function depsOf(world: World, host: Host, app: App): RebalanceDeps {
  const later = (ms: number): Promise<void> =>
    new Promise((resolve) => inApp(world, host, app, world.nowMs + ms, () => wake(world, resolve)));
  const nowMs = (): number => originAppMs + wallMs(host.clock, world.nowMs) * appMsPerMs;
  const guard: ActGuard = {
    epoch: app.epoch,
    remainingMs: () => remainingMs(world, host, app),
    check: (marginMs) => {
      // Not a LeaseOver: the handover may be called off, and then all goes on.
      if (app.drained) throw new Error("this epoch has been handed over");
      const leftMs = remainingMs(world, host, app);
      if (world.parts.shell.appChecksLease && !(leftMs > 0 && leftMs >= marginMs))
        throw new LeaseOver("the lease is over");
    },
  };
  const confirm: Confirm = () => awaitConfirm(world, host, app);
  const broker = brokerOf(world, host, app, later, nowMs);
  return {
    cluster: "pair",
    node: host.name,
    broker,
    store: planStore(world, host, app),
    guard,
    confirm,
    clock: { nowMs },
    realTime: {
      nowMs: () => monotonicMs(host.clock, world.nowMs),
      sleep: (ms, signal) => (ms <= 0 || signal.aborted ? Promise.resolve() : later(ms)),
    },
    limits,
    slotMs,
    sendMarginMs: 20,
    absences: new Map(),
    caps: () => null,
    ownerOrders: noOwnerOrders,
    lock: async () => ({ locks: (await broker.isMarketOpen()) ? [] : [closed], failed: false }),
    log: silent,
    // Whoever plans at another moment plans something else.
    ...eagerSources(symbols, () => marketOf(world)),
    mayTrade: async () => null,
    atomically: (work) => work(),
  };
}

const closed: Lock = {
  name: "market",
  blocks: "all",
  symbol: null,
  reason: "the market is closed",
  sinceMs: 0,
  untilMs: null,
  ends: "until it opens",
};

function marketOf({ random }: World): ReturnType<RebalanceDeps["market"]> {
  return {
    ...dollarPrices(symbols.map((symbol) => [symbol, 100])),
    scores: new Map(symbols.map((symbol) => [symbol, random.between(0.2, 0.9)])),
    blocked: new Map(),
  };
}

/** The way to the exchange: every answer takes its time, and some never come. */
function brokerOf(
  world: World,
  host: Host,
  app: App,
  later: (ms: number) => Promise<void>,
  nowMs: () => number,
): Broker {
  const { exchange, random } = world;
  const { book } = exchange;
  const ask = async <T>(question: () => T): Promise<T> => {
    if (random.chance(exchange.loss)) {
      await later(requestLimitMs);
      throw new Error("the broker does not answer");
    }
    await later(random.between(0.5, Math.min(exchange.lateMs, 60)));
    const answer = question();
    await later(random.between(0.2, 5));
    return answer;
  };
  const find = (id: string | undefined) => (id === undefined ? null : brokerOrder(book.orders.get(id)));
  return {
    name: "simulated",
    money: "paper",
    idempotency: exchange.idempotency,
    whyNotTradable: () => null,
    place: (intent) =>
      new Promise((resolve) => {
        const slot = intent.clientOrderId.split("-")[1] ?? "";
        checkSend(world, host, app, intent, nowMs() >= slotAtMs(slot) + slotMs);
        const answer = (outcome: Awaited<ReturnType<Broker["place"]>>): void =>
          inApp(world, host, app, world.nowMs, () => wake(world, () => resolve(outcome)));
        inApp(world, host, app, world.nowMs + requestLimitMs, () =>
          answer({ kind: "unknown", reason: "no answer in time" }),
        );
        place(world, intent, answer);
      }),
    findByClientOrderId: (id) => ask(() => find(book.idsByClientOrderId.get(id))),
    listByPrefix: (prefix) =>
      ask(() =>
        [...book.orders.values()]
          .filter(({ clientOrderId }) => clientOrderId.startsWith(prefix))
          .toReversed()
          .map(brokerOrder),
      ),
    cancel: () => Promise.reject(new Error("nothing here cancels")),
    positions: () =>
      ask(() =>
        [...book.holdings].map(([symbol, { qty, avgPriceUsd: avgPrice }]) => ({
          symbol,
          qty,
          currency: "USD",
          avgPrice,
        })),
      ),
    account: () =>
      ask(() => {
        const heldUsd = [...book.holdings.values()].reduce((sum, { qty }) => sum + qty * 100, 0);
        return {
          accountId: "simulated",
          currency: "USD",
          cash: { USD: book.cashUsd },
          equity: book.cashUsd + heldUsd,
        };
      }),
    isMarketOpen: () => ask(() => world.writing),
    activities: () => Promise.resolve([]),
  };
}

/** Something that an app awaits has happened: its code goes on before the next event. */
export function wake(world: World, resolve: () => void): void {
  world.woken = true;
  resolve();
}
