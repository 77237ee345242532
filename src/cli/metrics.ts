import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { Command } from "commander";
import type { PriceFile } from "../analytics/metrics/price-file.ts";
import { CliError, exitCodes } from "./exit.ts";

const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/** Adds `trader metrics`. */
export function addMetrics(program: Command): void {
  program
    .command("metrics")
    .description("risk, return and technical figures of a file of daily prices (.csv or .csv.gz), as JSON")
    .argument(
      "<file>",
      "columns symbol,date,open,high,low,close,adjclose,volume,dividend,split; empty cells are absent",
    )
    .option("--benchmark <file>", "also alpha and beta against this one")
    .action(metrics);
}

async function metrics(path: string, options: { benchmark?: string }): Promise<void> {
  const { metricsReport } = await import("../analytics/metrics/metrics-report.ts");
  const [file, benchmark] = [await readPrices(path), options.benchmark && (await readPrices(options.benchmark))];
  const report = named(path, () => (benchmark ? metricsReport(file, benchmark) : metricsReport(file)));
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}

async function readPrices(path: string): Promise<PriceFile> {
  const { parsePriceFile } = await import("../analytics/metrics/price-file.ts");
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CliError(`cannot read ${path}`, exitCodes.failed, { cause: error });
  });
  return named(path, () => {
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return parsePriceFile(
      (packed ? gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }) : bytes).toString("utf8"),
    );
  });
}

/** Failures of `work` as one line that begins with the file's name. */
function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CliError(path, exitCodes.failed, { cause: error });
  }
}
