import { z } from "zod";
import { shownTrading, switchSchema, tradingSchema } from "../trading-status.ts";
import { endpoint, nothing, refuse, type Endpoint } from "./endpoint.ts";

/** The owner's switches, and what holds trading back. */
export const tradingEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/trading",
    summary: "Mode, broker, switches, and each lock with its reason and its end",
    access: "open",
    refuses: [],
    input: nothing,
    answer: tradingSchema,
    handle: (_input, { open, caller }) => shownTrading(open.trading(), caller.amounts),
  }),
  endpoint({
    method: "put",
    path: "/api/trading/{switch}",
    summary:
      "Sets pause-buys or stop-everything; it counts at once and on whichever node leads. Live trading is switched on by the command line alone: trader live on",
    access: "writer",
    refuses: [409],
    input: z.object({
      params: z.object({ switch: switchSchema }),
      body: z.strictObject({ on: z.boolean("true or false") }),
    }),
    answer: z.object({ message: z.string(), lines: z.array(z.string()), confirmed: z.boolean() }),
    async handle({ params, body }, { open }) {
      const { outcome, message, lines, confirmed } = await open.command({ name: params.switch, on: body.on });
      if (outcome === "refused") return refuse({ status: 409, detail: message });
      return { message, lines: [...lines], confirmed: confirmed === true };
    },
  }),
];
