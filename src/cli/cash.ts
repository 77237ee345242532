import { randomUUID } from "node:crypto";
import { Argument, type Command, InvalidArgumentError } from "commander";
import { CliError, exitCodes } from "./exit.ts";
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
  const { askTrading, sayTrading } = await import("./trading-call.ts");
  const { id = randomUUID(), currency } = options;
  const again = `Type it again with --id ${id}, and it is booked once.`;
  try {
    const body = { name: "cash", id, direction, amount, ...(currency === undefined ? {} : { currency }) };
    const answer = await askTrading(options.data, body);
    const isSure = answer.outcome === "refused" || answer.confirmed === true;
    const told = isSure ? answer : { ...answer, lines: [...answer.lines, again] };
    process.exitCode = sayTrading(told, options.json === true);
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === exitCodes.noAgent) throw error;
    // What has no answer may have been booked all the same.
    throw new CliError(`${error.message} ${again}`, error.exitCode, { cause: error });
  }
}
