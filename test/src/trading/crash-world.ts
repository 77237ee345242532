import pino from "pino";
import { LeaseOver, type Slot } from "../../../src/app-ports.ts";
import type { Broker, OrderIntent } from "../../../src/trading/broker.ts";
import { type Absence, defaultLimits } from "../../../src/trading/order-rules.ts";
import { type Plan, sameIntention, slotAtMs } from "../../../src/trading/plan-record.ts";
import type { MarketView } from "../../../src/trading/market-view.ts";
import type { OwnerOrder } from "../../../src/planning/owner-orders.ts";
import type { KeptOrder } from "../../../src/trading/owner-orders.ts";
import { type RebalanceDeps, rebalanceJob } from "../../../src/trading/rebalance-job.ts";
import { dollarPrices } from "../../support/dollar-prices.ts";
import { eagerSources } from "../../support/planning-sources.ts";
import { type DoubleBroker, type DoubleOptions, doubleBroker } from "./double-broker.ts";
import { memoryOwnerOrders } from "./memory-owner-orders.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";

/** The process is gone: thrown at the point of death and by everything that a dead process would do afterwards. */
class Crash extends Error {}

const SLOT_MS = 900_000;
/** One that no plan thinks of by itself. */
export const UNSCORED = "Z";
const SYMBOLS = ["A", "B", "C", "D", "E", "F", "G", "H"];
const SILENT = pino({ level: "silent" });

/** A ledger: its plans by slot, and what the owner has ordered. */
export type Rows = ReadonlyMap<string, Plan> & { readonly owners?: ReadonlyMap<string, KeptOrder> };
/** How a life ends, or does not. */
export type Life = {
  readonly node: string;
  /** The ledger that it starts with. */
  readonly rows: Rows;
  /** What the owner orders on this node before its cycle begins. */
  readonly ordered?: OwnerOrder;
  /** Dies at this point, counted from 1; never when absent. */
  readonly dieAt?: number;
  /** The number of its confirms, from 1, that answers `unknown` although everything got over. */
  readonly unknownConfirm?: number;
  /** What a process remembers of look-ups; a new one remembers nothing. */
  readonly absences?: Map<string, Absence>;
  /** The requests, from 1, that get no answer in time: they reach the broker, or they do not. */
  readonly unanswered?: { readonly request: number; readonly arrives: boolean };
};
export type Ended = {
  /** Where it died; null when it lived. */
  readonly diedAt: string | null;
  readonly outcome: string;
  readonly points: number;
  /** What a successor may have: everything confirmed at least, and any more of the tail. */
  readonly ledgers: readonly Rows[];
  readonly everConfirmed: boolean;
};

/** One broker, one clock, and nodes that live and die one after the other. */
export class CrashWorld {
  readonly broker: DoubleBroker;
  #nowMs = slotAtMs("20261122T1415Z");
  #realMs = 0;
  /** A request whose sender died while it was on its way, and how many questions the broker answers before it arrives. */
  #inFlight: { readonly intent: OrderIntent; after: number } | null = null;
  readonly inFlightAfter: number;
  /** What a node sent without having confirmed what it must. */
  readonly violations: string[] = [];

  constructor(options: DoubleOptions & { readonly inFlightAfter?: number } = {}) {
    this.broker = doubleBroker({ ...options, nowMs: () => this.#nowMs });
    this.inFlightAfter = options.inFlightAfter ?? 0;
  }

  slot(): Slot {
    const atMs = Math.floor(this.#nowMs / SLOT_MS) * SLOT_MS;
    const [day = "", time = ""] = new Date(atMs).toISOString().split("T");
    return { atMs, text: `${day.replaceAll("-", "")}T${time.slice(0, 5).replace(":", "")}Z` };
  }

  /** App and real time go on; 15 minutes of app time are 4 real seconds, as in the demo. */
  passSlot(): void {
    this.#nowMs = this.slot().atMs + SLOT_MS + 1_000;
    this.#realMs += 4_000;
  }

  inFlight(): OrderIntent | null {
    return this.#inFlight?.intent ?? null;
  }

  // When a request goes out, the other node must have the plan with it, and everything before it as seen at the broker.
  #mustBeConfirmed(intent: OrderIntent, confirmed: Rows | undefined): void {
    const intents = confirmed?.get(this.slot().text)?.intents ?? [];
    const place = intents.findIndex((other) => sameIntention(other, intent));
    const seen = intents.slice(0, Math.max(place, 0)).every((other) => other.brokerOrderId !== null);
    if (place < 0 || !seen)
      this.violations.push(`${intent.clientOrderId} was sent before what it rests on was confirmed`);
  }

  deliverInFlight(): void {
    if (this.#inFlight !== null) this.broker.deliver(this.#inFlight.intent);
    this.#inFlight = null;
  }

  /** Runs the present slot's cycle on one node, with up to three attempts as the scheduler has them. */
  async live(life: Life): Promise<Ended> {
    const store = memoryPlanStore(life.rows);
    const owners = memoryOwnerOrders(store, life.rows.owners);
    const ledgerNow = (): Rows => Object.assign(store.rows(), { owners: owners.rows() });
    let inTransaction = false;
    let points = 0;
    let diedAt: string | null = null;
    let ledgers: Rows[] = [ledgerNow()];
    let everConfirmed = false;
    let confirms = 0;
    let requests = 0;
    const alive = (): void => {
      if (diedAt !== null) throw new Crash(diedAt);
    };
    const point = (name: string): void => {
      alive();
      if (++points === life.dieAt) diedAt = name;
      alive();
    };
    const write = (name: string, change: () => void): void => {
      point(`before ${name}`);
      change();
      ledgers.push(ledgerNow());
      point(`after ${name}`);
    };
    const ask = async <T>(name: string, question: () => Promise<T>): Promise<T> => {
      point(`before ${name}`);
      if (this.#inFlight !== null && this.#inFlight.after-- <= 0) this.deliverInFlight();
      const answer = await question();
      point(`after ${name}`);
      return answer;
    };
    const broker: Broker = {
      ...this.broker,
      place: async (intent) => {
        point("request not yet on the wire");
        this.#mustBeConfirmed(intent, everConfirmed ? ledgers[0] : undefined);
        try {
          point("request on the wire");
        } catch (error) {
          this.#inFlight = { intent, after: this.inFlightAfter };
          throw error;
        }
        const unanswered = ++requests === life.unanswered?.request ? life.unanswered : null;
        const outcome = unanswered?.arrives === false ? null : this.broker.deliver(intent);
        point("request taken, answer lost");
        if (unanswered !== null || outcome === null) return { kind: "unknown", reason: "no answer in time" };
        return outcome;
      },
      findByClientOrderId: (id) => ask("look-up", () => this.broker.findByClientOrderId(id)),
      listByPrefix: (prefix, sinceMs) => ask("listing", () => this.broker.listByPrefix(prefix, sinceMs)),
    };
    const deps: RebalanceDeps = {
      cluster: "pair",
      node: life.node,
      broker,
      store: {
        read: (slot) => (alive(), store.read(slot)),
        unsettled: () => (alive(), store.unsettled()),
        newestSlot: () => (alive(), store.newestSlot()),
        insert: (plan) => {
          const insert = (): void => store.insert(plan);
          if (inTransaction) insert();
          else write("plan written", insert);
        },
        update: (slot, change) => write("update written", () => store.update(slot, change)),
      },
      guard: { epoch: 1, remainingMs: () => 1_000, check: alive },
      confirm: async () => {
        point("before confirm");
        ledgers = [ledgerNow()];
        everConfirmed = true;
        point("confirmed, answer lost");
        return ++confirms === life.unknownConfirm ? "unknown" : "confirmed";
      },
      clock: { nowMs: () => this.#nowMs },
      realTime: {
        nowMs: () => this.#realMs,
        sleep: async (ms) => {
          alive();
          this.#realMs += ms;
        },
      },
      limits: defaultLimits,
      slotMs: SLOT_MS,
      sendMarginMs: 100,
      caps: () => null,
      ownerOrders: {
        open: (nowMs) => (alive(), owners.open(nowMs)),
        note: (...noted) => (alive(), owners.note(...noted)),
        at: (slot, n) => (alive(), owners.at(slot, n)),
      },
      lock: async () => ({ locks: [], failed: false }),
      absences: life.absences ?? new Map(),
      log: SILENT,
      ...eagerSources([...SYMBOLS, UNSCORED], () => market(life.node, this.slot().atMs)),
      atomically: (work) => {
        let done: { readonly value: ReturnType<typeof work> } | null = null;
        write("plan written", () => {
          inTransaction = true;
          done = { value: work() };
          inTransaction = false;
        });
        return done!.value;
      },
      mayTrade: async () => null,
    };
    let outcome = "";
    try {
      const { ordered } = life;
      if (ordered !== undefined) {
        write("order of the owner written", () => owners.keep(ordered, this.#nowMs));
        await deps.confirm();
      }
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        outcome = await rebalanceJob(deps).run(this.slot(), new AbortController().signal);
        break;
      } catch (error) {
        outcome = error instanceof Error ? error.message : String(error);
        if (error instanceof Crash || error instanceof LeaseOver) break;
      }
    }
    return { diedAt, outcome, points, ledgers, everConfirmed };
  }

  /** The end of a story: slots pass until nothing is in doubt, and what came late is there. Gives the last ledger. */
  async settle(rows: Rows): Promise<Rows> {
    let last = rows;
    const absences = new Map<string, Absence>();
    for (let slots = 0; slots < 6; slots++) {
      if (slots === 5) this.deliverInFlight();
      this.passSlot();
      this.#realMs += 5_000;
      const life = await this.live({ node: "last", rows: last, absences });
      last = life.ledgers.at(-1) ?? last;
    }
    return last;
  }
}

// Every node sees other scores, so a plan that is computed twice for one slot would not be the same.
function market(node: string, atMs: number): MarketView {
  const turn = (atMs / SLOT_MS + node.length * 3 + node.charCodeAt(0)) % SYMBOLS.length;
  const score = (index: number): number => 0.3 + 0.6 * (((index + turn) % SYMBOLS.length) / SYMBOLS.length);
  return {
    blocked: new Map(),
    ...dollarPrices([...SYMBOLS, UNSCORED].map((symbol) => [symbol, 100])),
    scores: new Map(SYMBOLS.map((symbol, index) => [symbol, score(index)])),
  };
}
