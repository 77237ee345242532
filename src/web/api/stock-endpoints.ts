import { z } from "zod";
import type { Problem } from "../problem.ts";
import { newStockSchema, stockChangeSchema, stockSchema, symbolSchema } from "../stocks.ts";
import { endpoint, nothing, refuse, type Endpoint } from "./endpoint.ts";

const barsMax = 3_700;
const symbolInput = z.object({ symbol: symbolSchema });
const changed = z.object({ symbol: z.string(), confirmed: z.boolean() });

/** The universe: what may be traded, what it costs, how it scores. */
export const stockEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/stocks",
    summary: "The universe with prices, scores and what may not be traded now",
    access: "open",
    refuses: [],
    input: nothing,
    answer: z.object({ stocks: z.array(stockSchema) }),
    handle: (_input, { open }) => ({ stocks: [...open.stocks.list()] }),
  }),
  endpoint({
    method: "get",
    path: "/api/stocks/{symbol}",
    summary: "One stock, and how its score came about",
    access: "open",
    refuses: [404],
    input: z.object({ params: symbolInput }),
    answer: stockSchema.extend({ explanation: z.unknown() }),
    handle({ params: { symbol } }, { open }) {
      return open.stocks.find(symbol) ?? refuse(unknown(symbol));
    },
  }),
  endpoint({
    method: "get",
    path: "/api/stocks/{symbol}/bars",
    summary: "Its newest daily closes in the currency of its listing, adjusted for splits, oldest first",
    access: "open",
    refuses: [],
    input: z.object({
      params: symbolInput,
      query: z.object({ limit: z.coerce.number().int().min(1).max(barsMax).default(260) }),
    }),
    answer: z.object({ bars: z.array(z.object({ day: z.iso.date(), close: z.number() })) }),
    handle: ({ params, query }, { open }) => ({
      bars: open.stocks
        .bars(params.symbol, query.limit)
        .map(({ dayMs, close }) => ({ day: new Date(dayMs).toISOString().slice(0, 10), close })),
    }),
  }),
  endpoint({
    method: "post",
    path: "/api/stocks",
    summary: "Takes a stock into the universe, or one that was given up in again",
    access: "writer",
    refuses: [409],
    input: z.object({ body: newStockSchema }),
    answer: changed,
    async handle({ body }, { open }) {
      const done = await open.stocks.add(body);
      if (typeof done !== "string") return { symbol: body.symbol, ...done };
      return refuse({ status: 409, detail: done, field: "symbol", remedy: "Change the one that is there by PUT." });
    },
  }),
  endpoint({
    method: "put",
    path: "/api/stocks/{symbol}",
    summary: "Changes what is given of a stock",
    access: "writer",
    refuses: [404],
    input: z.object({ params: symbolInput, body: stockChangeSchema }),
    answer: changed,
    async handle({ params: { symbol }, body }, { open }) {
      const done = await open.stocks.change(symbol, body);
      return done === null ? refuse(unknown(symbol)) : { symbol, ...done };
    },
  }),
  endpoint({
    method: "delete",
    path: "/api/stocks/{symbol}",
    summary: "Gives a stock up: it is bought no more and its share aims at nothing; its row stays",
    access: "writer",
    refuses: [404],
    input: z.object({ params: symbolInput }),
    answer: changed,
    async handle({ params: { symbol } }, { open }) {
      const done = await open.stocks.change(symbol, { active: false });
      return done === null ? refuse(unknown(symbol)) : { symbol, ...done };
    },
  }),
];

const unknown = (symbol: string): Problem => ({
  status: 404,
  detail: `There is no stock ${symbol}.`,
  field: "symbol",
  remedy: "GET /api/stocks lists them.",
});
