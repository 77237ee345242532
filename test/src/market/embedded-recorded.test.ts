import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";

/** Series recorded apart from this repository; the same figures by another way. */
const recorded = fileURLToPath(new URL("../../../../shared/market/prices/", import.meta.url));
const present = existsSync(recorded);
/** Symbols that several sources have: the one of the embedded table's own source. */
const ofThisSource = new Set(["AAPL", "BAC"]);

function adjustedCloses(symbol: string): Map<string, number> {
  const file = `${recorded}${symbol}${ofThisSource.has(symbol) ? "@skfolio" : ""}.csv.gz`;
  const rows = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  const header = (rows.shift() ?? "").split(",");
  const [date, close] = [header.indexOf("date"), header.indexOf("adjclose")];
  return new Map(rows.map((row) => row.split(",")).map((cells) => [cells[date] ?? "", Number(cells[close])]));
}

test.skipIf(!present)(
  `every embedded close is the recorded one${present ? "" : " (SKIPPED: no recorded market data beside this checkout)"}`,
  () => {
    const market = loadEmbeddedMarket();
    expect(market.symbols).toHaveLength(20);
    for (const symbol of market.symbols) {
      const closes = adjustedCloses(symbol);
      const wrong = market.days.filter((day, index) => {
        const expected = closes.get(new Date(day).toISOString().slice(0, 10));
        return expected === undefined || Math.abs((market.closeUsd(symbol, index) ?? 0) - expected) > 0.001;
      });
      expect({ symbol, wrong }).toEqual({ symbol, wrong: [] });
    }
  },
);
