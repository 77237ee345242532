import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { DemoOptions } from "../demo/options.ts";
import { wholeNumber } from "./options.ts";

type Given = Omit<DemoOptions, "data" | "basePort" | "headless" | "acceptDuplicates" | "seed"> & {
  data?: string;
  basePort?: number;
  seed?: number;
  headless?: true;
  acceptDuplicates?: true;
};

/** Adds `trader demo`: two nodes, a witness and an exchange on this machine, time running fast, one live screen. */
export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("two nodes, a witness and an exchange on this machine, time running fast: kill one and watch")
    .option("--headless", "draw nothing: one JSON line when the pair is protected and trades, then until SIGTERM")
    .option(
      "--base-port <n>",
      "first of the ports n..n+208; without it a free range is found",
      wholeNumber(1024, 65_000),
    )
    .option("--data <dir>", "keep the data here; without it it is temporary", (dir) => resolve(dir))
    .addOption(
      new Option("--preset <name>", "timing: lease 1 s, 3 s or 8 s")
        .choices(["fast", "default", "wifi"])
        .default("fast"),
    )
    .option("--seed <n>", "the same demo again", wholeNumber(0, 2 ** 31 - 1))
    .option("--accept-duplicates", "the exchange refuses no order id")
    .action(async (given: Given) => {
      const { runDemo } = await import("../demo/demo.ts");
      process.exitCode = await runDemo({
        headless: given.headless === true,
        basePort: given.basePort ?? null,
        data: given.data ?? null,
        preset: given.preset,
        seed: given.seed ?? null,
        acceptDuplicates: given.acceptDuplicates === true,
      });
    });
}
