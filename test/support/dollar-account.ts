import type { BrokerAccount } from "../../src/trading/broker.ts";

/** An account that holds dollars only. */
export const dollarAccount = (cashUsd: number, equity = cashUsd, accountId = "1"): BrokerAccount => ({
  accountId,
  currency: "USD",
  cash: { USD: cashUsd },
  equity,
});
