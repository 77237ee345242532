import { Argument, type Command, Option } from "commander";
import { CliError, exitCodes } from "./exit.ts";
import { dataOption, withJson } from "./options.ts";
import { say } from "./output.ts";

type LiveOptions = { data: string; orderMaxEur?: number; dayMaxEur?: number; account?: string; json?: true };

const euros = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new CliError(`"${text}" is no amount in euros.`);
  return value;
};

/** Adds `trader live on|off`: whether orders move real money; to be run where the primary is. */
export function addLive(program: Command): void {
  const command = program
    .command("live")
    .description("on: trade with real money, after showing the first plan and having the account's id typed")
    .addArgument(new Argument("<state>").choices(["on", "off"]))
    .addOption(new Option("--order-max-eur <euros>", "on: no order is larger").argParser(euros))
    .addOption(new Option("--day-max-eur <euros>", "on: the orders of a day together are no larger").argParser(euros))
    .addOption(new Option("--account <id>", "on: the account's id, in place of typing it"))
    .addOption(dataOption());
  withJson(command).action(live);
}

async function live(state: "on" | "off", options: LiveOptions): Promise<void> {
  const { askTrading, sayTrading } = await import("./trading-call.ts");
  const json = options.json === true;
  if (state === "off") {
    process.exitCode = sayTrading(await askTrading(options.data, { name: "live-off" }), json);
    return;
  }
  const { orderMaxEur: orderEurMax, dayMaxEur: dayEurMax } = options;
  if (orderEurMax === undefined || dayEurMax === undefined) {
    throw new CliError("Live trading needs limits: give --order-max-eur and --day-max-eur.");
  }
  const preview = await askTrading(options.data, { name: "live-preview", orderEurMax, dayEurMax });
  if (preview.outcome !== "done") {
    process.exitCode = sayTrading(preview, json);
    return;
  }
  const account = preview.message;
  if (!json) {
    say("Orders like these would move real money from the next slot on:");
    for (const line of preview.lines) say(`  - ${line}`);
    say(`At most ${orderEurMax} euros an order and ${dayEurMax} euros a day; "trader live off" ends it.`);
  }
  const { consent } = await import("./consent.ts");
  if (options.account === undefined) await consent("To switch it on, give the account's id.", false, account);
  else if (options.account !== account) {
    throw new CliError(`The broker's account is not ${options.account}: nothing was changed.`, exitCodes.refused);
  }
  process.exitCode = sayTrading(
    await askTrading(options.data, { name: "live-on", account, orderEurMax, dayEurMax }),
    json,
  );
}
