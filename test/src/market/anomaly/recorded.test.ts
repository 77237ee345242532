import { expect, test } from "vitest";
import { barAnomalies, type DatedAnomaly } from "../../../../src/market/anomaly/bars-gate.ts";
import { hasRecordedMarket, recordedFiles, recordedText, skipNote } from "../../../support/recorded-market.ts";

const number = (text = ""): number | null =>
  text === "" ? null : text === "inf" ? Number.POSITIVE_INFINITY : Number(text);

function anomaliesOf(file: string): readonly DatedAnomaly[] {
  const rows = recordedText(file).trimEnd().split("\n").slice(1);
  return barAnomalies(
    rows.map((row) => {
      const [, date, , , , close, adjclose, , dividend] = row.split(",");
      return {
        dayMs: Date.parse(date ?? ""),
        close: number(close),
        adjclose: number(adjclose),
        dividend: number(dividend),
      };
    }),
  );
}

const counts = (file: string): string => {
  const kinds = anomaliesOf(file).map(({ kind }) => kind);
  return [...new Set(kinds)].map((kind) => `${kind} ${kinds.filter((other) => other === kind).length}`).join(", ");
};
const table = (folder: string): string =>
  recordedFiles(folder)
    .map((file) => `${file.replace(".csv.gz", "")}: ${counts(`${folder}/${file}`)}`)
    .filter((line) => !line.endsWith(": "))
    .join("\n");

const on = (file: string, day: string) =>
  anomaliesOf(`dirty/${file}.csv.gz`).find(({ dayMs }) => dayMs === Date.parse(day))?.kind;

test.skipIf(!hasRecordedMarket)(`each series that Yahoo served with errors is caught${skipNote}`, async () => {
  expect(recordedFiles("dirty").filter((file) => anomaliesOf(`dirty/${file}`).length === 0)).toEqual([]);
  await expect(`${table("dirty")}\n`).toMatchFileSnapshot("golden/dirty.txt");
});

test.skipIf(!hasRecordedMarket)(`each known error has its own name, on its own day${skipNote}`, () => {
  expect(on("CLC.L", "2024-07-29")).toBe("unit");
  expect(on("NVT.L", "2024-06-10")).toBe("unit");
  expect(on("SSNLF", "2001-08-06")).toBe("no-price");
  expect(on("LSC.L", "2022-06-09")).toBe("no-price");
  expect(on("SCR.TO", "2023-10-05")).toBe("split");
  expect(on("REL.L", "2022-04-28")).toBe("dividend");
  expect(on("TEP.PA", "2023-04-21")).toBe("dividend");
  expect(on("1398.HK", "2024-07-08")).toBe("adjustment");
});

/**
 * What is found in series without known errors: real falls and rises of more than 60%, special payments, the splits
 * that a source of unadjusted closes leaves in, and the errors of price that its repair left in.
 */
test.skipIf(!hasRecordedMarket)(`in the other series little is found, and always the same${skipNote}`, async () => {
  const lines = table("prices").split("\n");
  expect(recordedFiles("prices").length).toBeGreaterThan(130);
  expect(lines.length).toBeLessThan(30);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/prices.txt");
});
