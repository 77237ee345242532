import { expect, test } from "vitest";
import { z } from "zod";
import { metricsReport } from "../../../../src/analytics/metrics/metrics-report.ts";
import { parsePriceFile } from "../../../../src/analytics/metrics/price-file.ts";
import {
  hasRecordedMarket,
  recordedFiles,
  recordedJson,
  recordedText,
  skipNote,
} from "../../../support/recorded-market.ts";

/** Other programs' figures for what is computed once here, and words. */
const elsewhere = /^quantstats|rsi14_wilder_manual|beta_ols|note$|^input\.file/;

/** Every leaf of a tree by its path, such as `window_5y.n`. */
const leaves = (value: unknown, path = ""): readonly (readonly [string, unknown])[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === "" ? name : `${path}.${name}`))
    : [[path, value]];

const agree = (expected: unknown, found: unknown): boolean =>
  typeof expected === "number" && typeof found === "number"
    ? Math.abs(found - expected) <= 1e-9 * Math.abs(expected)
    : Object.is(found, expected);

test.skipIf(!hasRecordedMarket)(`every metric is that of empyrical and TA-Lib, to 1e-9 of itself${skipNote}`, () => {
  const { symbols } = z.object({ symbols: z.record(z.string(), z.json()) }).parse(recordedJson("reference.json"));
  const benchmark = parsePriceFile(recordedText("prices/_GSPC.csv.gz"));
  expect(Object.keys(symbols)).toContain("AAPL");
  for (const [symbol, reference] of Object.entries(symbols)) {
    const expected = leaves(reference);
    const file = String(expected.find(([path]) => path === "input.file")?.[1]);
    const found = new Map(leaves(metricsReport(parsePriceFile(recordedText(file)), benchmark)));
    const compared = expected.filter(([path]) => !elsewhere.test(path));
    const wrong = compared.filter(([path, value]) => !agree(value, found.get(path)));
    expect({ symbol, wrong }).toEqual({ symbol, wrong: [] });
    expect(compared.length).toBeGreaterThanOrEqual(35);
  }
});

test.skipIf(!hasRecordedMarket)(`every recorded file has its metrics, or one line that says why not${skipNote}`, () => {
  const refused: string[] = [];
  for (const folder of ["prices", "dirty"]) {
    for (const file of recordedFiles(folder)) {
      try {
        const report = metricsReport(parsePriceFile(recordedText(`${folder}/${file}`)));
        expect(report["annual_volatility"], file).toBeGreaterThan(0);
      } catch (error) {
        refused.push(`${folder}/${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  expect(refused).toEqual([
    'dirty/LSC.L.csv.gz: line 109: adjclose "-0.181136" is no positive number',
    'dirty/SSNLF.csv.gz: line 2: adjclose "inf" is no positive number',
  ]);
});
