import { z } from "zod";
import {
  consideredSchema,
  moneySchema,
  orderSchema,
  planSchema,
  positionSchema,
  shownConsidered,
  shownMoney,
  shownOrder,
  shownPlan,
  shownPosition,
} from "../status.ts";
import { endpoint, nothing, type Endpoint } from "./endpoint.ts";

const ordersMax = 500;

/** What is held, what it was worth, and what was and is to be done about it. */
export const portfolioEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/portfolio",
    summary: "Positions and cash",
    access: "open",
    refuses: [],
    input: nothing,
    answer: z.object({
      positions: z.array(positionSchema),
      ...moneySchema,
      investedShare: z.number().nullable(),
    }),
    handle(_input, { open, caller }) {
      const view = open.view();
      const { amounts } = caller;
      return {
        positions: view.positions.map((position) => shownPosition(position, amounts)),
        ...shownMoney(view, amounts),
        investedShare: view.investedShare,
      };
    },
  }),
  endpoint({
    method: "get",
    path: "/api/plans",
    summary: "The newest plans, each with its reason and its orders; the first is the present one",
    access: "open",
    refuses: [],
    input: nothing,
    answer: z.object({ plans: z.array(planSchema) }),
    handle: (_input, { open, caller }) => ({ plans: open.view().plans.map((plan) => shownPlan(plan, caller.amounts)) }),
  }),
  endpoint({
    method: "get",
    path: "/api/plans/considered",
    summary:
      "What the newest plan was chosen from: each region's and industry's drift, and what was rejected, with why",
    access: "open",
    refuses: [],
    input: nothing,
    answer: z.object({ considered: consideredSchema.nullable() }),
    handle(_input, { open, caller }) {
      const newest = open.reads.considered();
      return { considered: newest && shownConsidered(newest, caller.amounts) };
    },
  }),
  endpoint({
    method: "get",
    path: "/api/orders",
    summary: "The newest orders",
    access: "open",
    refuses: [],
    input: z.object({ query: z.object({ limit: z.coerce.number().int().min(1).max(ordersMax).default(50) }) }),
    answer: z.object({ orders: z.array(orderSchema.extend({ slot: z.string() })) }),
    handle: ({ query }, { open, caller }) => ({
      orders: open.reads
        .orders(query.limit)
        .map((order) => ({ slot: order.slot, ...shownOrder(order, caller.amounts) })),
    }),
  }),
];
