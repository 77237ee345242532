import { expect, test } from "vitest";
import { parsePriceFile } from "../../../src/analytics/metrics/price-file.ts";
import { toFundamentals } from "../../../src/market/fundamentals.ts";
import { scoreStock, type Score } from "../../../src/scoring/score.ts";
import {
  hasRecordedMarket,
  recordedFiles,
  recordedJson,
  recordedText,
  skipNote,
} from "../../support/recorded-market.ts";

/** When the older and the newer company figures were recorded. */
const SPRING_2021 = Date.UTC(2021, 2, 31);
const FEBRUARY_2025 = Date.UTC(2025, 1, 24);

const text = (value: number | null): string => (value === null ? "unknown" : value.toFixed(4));

const lines = (title: string, { total, confidence, groups }: Score): string =>
  [
    `${title}: ${text(total)}, confidence ${text(confidence)}`,
    ...groups.flatMap((group) => [
      `  ${group.name}: ${text(group.value)}, confidence ${text(group.confidence)}`,
      ...group.parts.map((part) => `    ${part.name}: ${text(part.value)}, age ${part.ageDays ?? "unknown"}`),
    ]),
  ].join("\n");

const unpriced = { daysMs: [], closes: [], adjustedCloses: [] };

test.skipIf(!hasRecordedMarket)(`recorded bars with the company figures of their last day${skipNote}`, async () => {
  const scores = ["AAPL", "GOOG", "QQQ"].map((symbol) => {
    const file = parsePriceFile(recordedText(`prices/${symbol}.csv.gz`));
    expect(file.close.daysMs).toEqual(file.adjclose.daysMs);
    const prices = {
      daysMs: file.close.daysMs.slice(-2541),
      closes: file.close.values.slice(-2541),
      adjustedCloses: file.adjclose.values.slice(-2541),
    };
    const fundamentals = toFundamentals(recordedJson(`quoteSummary-2021/${symbol}.json`), SPRING_2021);
    return lines(symbol, scoreStock({ prices, fundamentals, nowMs: SPRING_2021 }));
  });
  await expect(`${scores.join("\n")}\n`).toMatchFileSnapshot("golden/recorded-2021.txt");
});

test.skipIf(!hasRecordedMarket)(`every recorded company, whatever Yahoo left out${skipNote}`, async () => {
  const files = recordedFiles("quoteSummary");
  expect(files.length).toBeGreaterThan(20);
  const scores = files.map((file) => {
    const fundamentals = toFundamentals(recordedJson(`quoteSummary/${file}`), FEBRUARY_2025);
    const score = scoreStock({ prices: unpriced, fundamentals, nowMs: FEBRUARY_2025 });
    expect(JSON.stringify(score)).not.toContain("NaN");
    return lines(file.replace(".json", ""), score);
  });
  await expect(`${scores.join("\n")}\n`).toMatchFileSnapshot("golden/companies-2025.txt");
});

test.skipIf(!hasRecordedMarket)(`Yahoo's units are read as they are: percent and fractions${skipNote}`, () => {
  const apple = toFundamentals(recordedJson("quoteSummary/AAPL.json"), FEBRUARY_2025);
  expect(apple).toMatchObject({
    dividendYield: 0.0041,
    fiveYearDividendYield: 0.006,
    debtToEquityPercent: 145,
    payoutRatio: 0.1571,
    recommendationKey: "buy",
  });
  expect(toFundamentals(recordedJson("quoteSummary/OCDO.L.json"), FEBRUARY_2025)).toMatchObject({ dividendYield: 0 });
  expect(toFundamentals({ price: {} }, 0)).toBeNull();
  expect(toFundamentals("nothing", 0)).toBeNull();
});
