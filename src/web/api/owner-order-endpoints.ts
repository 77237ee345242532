import { z } from "zod";
import { ownerOrderFields, ownerOrderId } from "../../trading/owner-order-commands.ts";
import { ownerOrderSchema, shownOwnerOrder } from "../owner-orders.ts";
import { endpoint, nothing, refuse, type Endpoint } from "./endpoint.ts";

const said = z.object({ id: z.string(), message: z.string(), confirmed: z.boolean() });

/** What the owner orders by hand. */
export const ownerOrderEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/owner-orders",
    summary: "What the owner has ordered by hand: what waits and why, and what has become of the others",
    access: "open",
    refuses: [],
    input: nothing,
    answer: z.object({ orders: z.array(ownerOrderSchema) }),
    handle: (_input, { open, caller }) => ({
      orders: open.reads.ownerOrders().map((told) => shownOwnerOrder(told, caller.amounts)),
    }),
  }),
  endpoint({
    method: "post",
    path: "/api/owner-orders",
    summary:
      "Orders by hand: the next slot's plan takes it before its own ideas, unless a hard rule forbids it; then it waits until the end of the fifth day. The id makes it one order however often it is sent",
    access: "owner",
    refuses: [409],
    input: z.object({ body: z.strictObject(ownerOrderFields) }),
    answer: said,
    async handle({ body }, { open }) {
      const { outcome, message, confirmed } = await open.command({ name: "order", ...body });
      if (outcome === "refused") return refuse({ status: 409, detail: `${message}.` });
      return { id: body.id, message, confirmed: confirmed === true };
    },
  }),
  endpoint({
    method: "delete",
    path: "/api/owner-orders/{id}",
    summary: "Takes one back that no plan has taken yet",
    access: "owner",
    refuses: [404, 409],
    input: z.object({ params: z.object({ id: ownerOrderId }) }),
    answer: said,
    async handle({ params: { id } }, { open }) {
      if (!open.reads.ownerOrders().some(({ order }) => order.id === id)) {
        return refuse({ status: 404, detail: `There is no order ${id}.`, field: "id" });
      }
      const { outcome, message, lines, confirmed } = await open.command({ name: "order-withdraw", id });
      if (outcome === "refused") return refuse({ status: 409, detail: [`${message}.`, ...lines].join(" ") });
      return { id, message, confirmed: confirmed === true };
    },
  }),
];
