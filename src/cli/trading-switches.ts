import { Argument, type Command } from "commander";
import { dataOption, withJson } from "./options.ts";

type Options = { data: string; json?: true };

const SWITCHES = [
  ["pause-buys", "on: nothing is bought until it is off again, whichever node leads; sells go on"],
  ["stop-everything", "on: nothing is traded until it is off again, whichever node leads; what rests is cancelled"],
] as const;

/** Adds `trader pause-buys`, `stop-everything`, `when-detached` and `locks`: to be run where the primary is. */
export function addTradingSwitches(program: Command): void {
  for (const [name, description] of SWITCHES) {
    const command = program
      .command(name)
      .description(description)
      .addArgument(new Argument("<state>").choices(["on", "off"]))
      .addOption(dataOption());
    withJson(command).action((state: "on" | "off", options: Options) => ask({ name, on: state === "on" }, options));
  }
  const detached = program
    .command("when-detached")
    .description("whether to trade while no other node receives what is written: available (goes on) or strict (waits)")
    .addArgument(new Argument("<policy>").choices(["available", "strict"]))
    .addOption(dataOption());
  withJson(detached).action((policy: "available" | "strict", options: Options) =>
    ask({ name: "when-detached", policy }, options),
  );
  const locks = program
    .command("locks")
    .description("what may not be traded now, why, and until when")
    .addOption(dataOption());
  withJson(locks).action((options: Options) => ask({ name: "locks" }, options));
}

async function ask(body: object, options: Options): Promise<void> {
  const { askTrading, sayTrading } = await import("./trading-call.ts");
  process.exitCode = sayTrading(await askTrading(options.data, body), options.json === true);
}
