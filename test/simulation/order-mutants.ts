import type { RebalanceDeps } from "../../src/trading/rebalance-job.ts";
import { withShell } from "./break.ts";
import type { FaultKind } from "./faults.ts";
import type { Mutant } from "./mutants.ts";
import { shipped } from "./parts.ts";
import type { Parts } from "./parts.ts";

const withTrading = (change: (deps: RebalanceDeps) => Partial<RebalanceDeps>): Parts => ({
  ...shipped,
  trading: (deps) => ({ ...deps, ...change(deps) }),
});

const exchanges: readonly FaultKind[] = [
  "exchange-late",
  "exchange-loss",
  "exchange-late",
  "crash",
  "cut",
  "switchover",
];
const successions: readonly FaultKind[] = ["crash", "cut", "loss", "late", "crash-agent", "exchange-loss"];

/** Breakages of the order rules, made in what the shipped trading code is handed. */
export const orderMutants: readonly Mutant[] = [
  {
    name: "a plan need not be confirmed before its first order",
    parts: withTrading(() => ({ confirm: () => Promise.resolve("confirmed") })),
    faults: successions,
  },
  {
    name: "the next order is sent before the last one was seen",
    parts: withTrading(({ store }) => ({
      store: {
        ...store,
        read: (slot) => {
          const plan = store.read(slot);
          const intents = plan?.intents.map((one) => (one.state === "sent" ? { ...one, state: "open" as const } : one));
          return plan === null ? null : { ...plan, intents: intents ?? [] };
        },
      },
    })),
    faults: exchanges,
  },
  {
    name: "an order without an answer is sent again under a new id",
    parts: withTrading(({ broker }) => {
      const used = new Set<string>();
      return {
        broker: {
          ...broker,
          place: (intent) => {
            const again = used.has(intent.clientOrderId);
            used.add(intent.clientOrderId);
            return broker.place(again ? { ...intent, clientOrderId: `${intent.clientOrderId}9` } : intent);
          },
        },
      };
    }),
    faults: exchanges,
  },
  {
    name: "an order is sent after its slot",
    parts: withTrading(({ slotMs }) => ({ slotMs: 2 * slotMs })),
    faults: exchanges,
  },
  {
    name: "an unknown order is absent after one look-up",
    parts: withTrading(({ limits }) => ({ limits: { ...limits, looksToAbsent: 1, absentAfterMs: 0 } })),
    faults: exchanges,
  },
  {
    name: "a failed read is an empty list",
    parts: withTrading(({ broker }) => ({
      broker: {
        ...broker,
        listByPrefix: (prefix, sinceMs) => broker.listByPrefix(prefix, sinceMs).catch(() => []),
        findByClientOrderId: (id) => broker.findByClientOrderId(id).catch(() => null),
      },
    })),
    faults: exchanges,
  },
  {
    name: "what another app placed is not looked for, at an exchange that takes an id twice",
    parts: withTrading(({ broker }) => {
      const mine = new Set<string>();
      return {
        broker: {
          ...broker,
          place: (intent) => {
            mine.add(intent.clientOrderId);
            return broker.place(intent);
          },
          findByClientOrderId: async (id) => (mine.has(id) ? broker.findByClientOrderId(id) : null),
          listByPrefix: async (prefix, sinceMs) =>
            (await broker.listByPrefix(prefix, sinceMs)).filter(({ clientOrderId }) => mine.has(clientOrderId)),
        },
      };
    }),
    faults: ["crash", "crash-agent"],
    caughtAs: /is at the exchange twice/,
  },
  {
    name: "the lease is not looked at before an order goes out",
    parts: withShell({ appChecksLease: false }),
    faults: ["cut", "cut-lease", "stall", "loss", "exchange-late"],
  },
  {
    name: "a successor does not go on with the plan that it finds",
    parts: withTrading(({ store, node }) => {
      const mine = new Set<string>();
      return {
        store: {
          ...store,
          read: (slot) => {
            const plan = store.read(slot);
            return plan?.node === node || mine.has(slot) ? plan : null;
          },
          insert: (plan) => {
            mine.add(plan.slot);
            if (store.read(plan.slot) === null) return store.insert(plan);
            return store.update(plan.slot, { intents: plan.intents, status: plan.status, reason: plan.reason });
          },
        },
      };
    }),
    faults: successions,
  },
];
