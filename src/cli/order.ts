import { type Command, Option } from "commander";
import { overridable } from "../planning/owner-orders.ts";
import { dataOption, withJson, wholeNumber } from "./options.ts";

type Options = { data: string; json?: true };
type OrderOptions = Options & { override?: readonly string[]; id?: string };

const ID_BYTES = 5;
const QTY_MAX = 1_000_000;

/** Adds `trader order buy|sell|list|withdraw`: what the owner orders by hand; to be run where the primary is. */
export function addOrder(program: Command): void {
  const order = program
    .command("order")
    .description("buy or sell by hand: the next slot's plan takes it before its own ideas, by the same hard rules");
  for (const side of ["buy", "sell"] as const) {
    const command = order
      .command(side)
      .description(`${side} so many of a stock; what cannot go out yet waits, until the end of the fifth day`)
      .argument("<symbol>", "as the page of stocks has it")
      .argument("<qty>", "how many", wholeNumber(1, QTY_MAX))
      .addOption(new Option("--override <rules...>", "rules that are not to stop it").choices(overridable))
      .option("--id <id>", "the id that an earlier try has named: under one id it is ordered once")
      .addOption(dataOption());
    withJson(command).action((symbol: string, qty: number, options: OrderOptions) => give(side, symbol, qty, options));
  }
  const list = order.command("list").description("what was ordered by hand, and what has become of it");
  withJson(list.addOption(dataOption())).action((options: Options) => ask({ name: "orders" }, options));
  const withdraw = order
    .command("withdraw")
    .description("take one back that no plan has taken yet")
    .argument("<id>", 'of the order, as "trader order list" has it');
  withJson(withdraw.addOption(dataOption())).action((id: string, options: Options) =>
    ask({ name: "order-withdraw", id }, options),
  );
}

async function give(side: "buy" | "sell", symbol: string, qty: number, options: OrderOptions): Promise<void> {
  const { randomBytes } = await import("node:crypto");
  const { askOnce } = await import("./trading-call.ts");
  // Short: it is typed to withdraw the order.
  const { id = randomBytes(ID_BYTES).toString("hex"), override = [] } = options;
  process.exitCode = await askOnce({ ...options, id }, { name: "order", side, symbol, qty, override }, "ordered");
}

async function ask(body: object, options: Options): Promise<void> {
  const { askTrading, sayTrading } = await import("./trading-call.ts");
  process.exitCode = sayTrading(await askTrading(options.data, body), options.json === true);
}
