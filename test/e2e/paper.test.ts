import { afterAll, beforeAll, test } from "vitest";
import { z } from "zod";
import { eventually, getJson } from "./demo-process.ts";
import { LoneNode } from "./lone-node.ts";

const LIMIT_MS = 60_000;
const health = z.looseObject({ reasons: z.array(z.string()), appNotes: z.array(z.string()) });
const order = z.looseObject({ state: z.string() });
const status = z.looseObject({ book: z.string(), plans: z.array(z.looseObject({ orders: z.array(order) })) });

let node: LoneNode;
beforeAll(async () => {
  node = await LoneNode.found({});
  await node.run();
}, LIMIT_MS);
afterAll(() => node?.remove());

test(
  "a board that was founded and started by the documented commands alone trades with the built-in paper broker",
  async () => {
    await eventually("an order is filled", LIMIT_MS, async () => {
      const { book, plans } = await getJson(node.ports.app, "/api/status", status);
      return (
        book === "paper/paper/research" && plans.some(({ orders }) => orders.some(({ state }) => state === "filled"))
      );
    });
    await eventually("nothing is said against it", LIMIT_MS, async () => {
      const { reasons, appNotes } = await getJson(node.ports.agent, "/health", health);
      return reasons.length === 0 && appNotes.length === 0;
    });
  },
  3 * LIMIT_MS,
);
