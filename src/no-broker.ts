import type { Broker } from "./trading/broker.ts";

const none = (): Promise<never> => Promise.reject(new Error("no broker is configured"));

/** Stands where no broker is configured: every call fails, so nothing is traded and every page says why. */
export const noBroker: Broker = {
  name: "none",
  money: "paper",
  idempotency: "none",
  whyNotTradable: () => "no broker is configured",
  place: () => Promise.resolve({ kind: "refused", reason: "no broker is configured" }),
  findByClientOrderId: none,
  listByPrefix: none,
  cancel: none,
  positions: none,
  account: none,
  isMarketOpen: none,
  activities: none,
};
