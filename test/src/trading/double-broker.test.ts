import { brokerContract } from "../../contract/broker-contract.ts";
import { doubleBroker } from "./double-broker.ts";

const nowMs = () => Date.UTC(2026, 10, 22, 14, 15);

brokerContract("the tests' double", async (options) => ({
  broker: doubleBroker({ ...options, nowMs }),
  nowMs,
  close: async () => undefined,
}));
