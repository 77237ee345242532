import { Argument, type Command, InvalidArgumentError } from "commander";
import { dataOption, withJson } from "./options.ts";

type Direction = "deposit" | "withdraw";
type CashOptions = { data: string; currency?: string; id?: string; json?: true };

function amountOf(text: string): number {
  const amount = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (amount > 0) return amount;
  throw new InvalidArgumentError("Give an amount such as 500 or 99.50.");
}

/** Adds `trader cash deposit|withdraw AMOUNT`: paper money in or out; to be run where the primary is. */
export function addCash(program: Command): void {
  const command = program
    .command("cash")
    .description("deposit: pay paper money in; withdraw: out. Real money is moved at its broker, and booked by itself")
    .addArgument(new Argument("<direction>").choices(["deposit", "withdraw"]))
    .addArgument(new Argument("<amount>", "such as 500 or 99.50").argParser(amountOf))
    .option("--currency <code>", "of another currency than the account's, which it is changed into or from at once")
    .option("--id <id>", "the id that an earlier try has named: under one id it is booked once")
    .addOption(dataOption());
  withJson(command).action(cash);
}

async function cash(direction: Direction, amount: number, options: CashOptions): Promise<void> {
  const { askOnce } = await import("./trading-call.ts");
  const { currency } = options;
  const body = { name: "cash", direction, amount, ...(currency === undefined ? {} : { currency }) };
  process.exitCode = await askOnce(options, body, "booked");
}
