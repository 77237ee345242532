import { brokerContract } from "../../contract/broker-contract.ts";
import { doubleBroker } from "./double-broker.ts";

const nowMs = () => Date.UTC(2026, 10, 22, 14, 15);

brokerContract("the tests' double", async (options) => {
  const prices = new Map([
    ["AAPL", 100],
    ["MSFT", 100],
  ]);
  const broker = doubleBroker({ ...options, nowMs, priceUsd: (symbol) => prices.get(symbol) ?? null });
  return {
    broker,
    nowMs,
    split: async (symbol, newShares, oldShares) => {
      prices.set(symbol, ((prices.get(symbol) ?? 0) * oldShares) / newShares);
      broker.split(symbol, newShares, oldShares, prices.get(symbol) ?? null);
    },
    close: async () => undefined,
  };
});
