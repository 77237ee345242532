import { join } from "node:path";
import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { z } from "zod";
import { appClock, clockOptions, parseClock } from "../clock.ts";
import { loadEmbeddedMarket } from "../market/embedded-market.ts";
import { controlledServer } from "./control.ts";
import { Exchange } from "./exchange.ts";
import { watchLifeline } from "./lifeline.ts";
import { exchangeServer } from "./server.ts";

/** The simulated exchange as a process of its own: see `usage`. */
const usage =
  "node src/exchange/main.ts --port P --data DIR [--host H] [--clock-origin-real MS --clock-origin-app MS --clock-scale X] " +
  "[--cash USD] [--fill-delay MS] [--accept-duplicates] [--control] [--lifeline PID]";

const options = z.object({
  host: z.string().min(1).default("127.0.0.1"),
  port: z.coerce.number().int().min(0).max(65_535),
  data: z.string().min(1),
  cash: z.coerce.number().positive().default(100_000),
  "fill-delay": z.coerce.number().int().min(0).default(50),
  "accept-duplicates": z.boolean().default(false),
  control: z.boolean().default(false),
  lifeline: z.coerce.number().int().positive().optional(),
});

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      host: text,
      port: text,
      data: text,
      ...clockOptions,
      cash: text,
      "fill-delay": text,
      "accept-duplicates": { type: "boolean" },
      control: { type: "boolean" },
      lifeline: text,
    },
  });
  return { ...options.parse(values), clock: appClock(parseClock(values)) };
}

function fail(error: unknown): never {
  const message = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const hint = code === "EADDRINUSE" ? "the port is in use" : message;
  process.stderr.write(`exchange: ${String(hint).replaceAll("\n", " ")}; usage: ${usage}\n`);
  process.exit(1);
}

const die = (): void => void process.kill(process.pid, "SIGKILL");

function start(): void {
  const args = parse(process.argv.slice(2));
  const { clock } = args;
  const market = loadEmbeddedMarket();
  const exchange = new Exchange({
    file: join(args.data, "exchange.jsonl"),
    startCashUsd: args.cash,
    acceptDuplicates: args["accept-duplicates"],
    fillDelayMs: args["fill-delay"],
    priceAt: (symbol, atMs) => market.priceAt(symbol, { originAppMs: clock.originAppMs, nowMs: () => atMs }),
    nowMs: () => clock.nowMs(),
    realNow: () => new Date(),
  });
  const stop = (): never => {
    exchange.close();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  if (args.lifeline !== undefined) watchLifeline(args.lifeline, stop);
  const inner = exchangeServer(exchange);
  const { fetch } = args.control ? controlledServer({ exchange, inner, die }) : inner;
  const server = serve({ fetch, port: args.port, hostname: args.host }, (address) => {
    process.stdout.write(`${JSON.stringify({ ready: true, port: address.port, pid: process.pid })}\n`);
  });
  server.on("error", fail);
}

try {
  start();
} catch (error) {
  fail(error);
}
