import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { replayDayIndex, type ReplayClock } from "./replay-clock.ts";

/** Recorded adjusted daily closes (embedded/PROVENANCE.md) and their replay. */
export type EmbeddedMarket = {
  readonly symbols: readonly string[];
  /** Midnight UTC of each trading day, oldest first. */
  readonly days: readonly number[];
  /** null: no such symbol or day. */
  closeUsd(symbol: string, dayIndex: number): number | null;
  /** Index into `days` of the newest day that the replay has reached by this clock. */
  dayAt(clock: ReplayClock): number;
  /** The replay's price now: the close of `dayAt`. null: no such symbol. */
  priceAt(symbol: string, clock: ReplayClock): number | null;
};

const table = new URL("./embedded/daily-closes.csv.gz", import.meta.url);

/** Reads the table (some 30 ms, 2 MB); throws when it is absent or damaged. */
export function loadEmbeddedMarket(): EmbeddedMarket {
  const lines = gunzipSync(readFileSync(table)).toString("utf8").trimEnd().split("\n");
  const symbols = (lines.shift() ?? "").split(",").slice(1);
  const days = lines.map((line) => Date.parse(line.slice(0, 10)));
  const width = symbols.length;
  const closes = new Float64Array(days.length * width);
  for (const [day, line] of lines.entries()) {
    const cells = line.split(",");
    assert.equal(cells.length, width + 1, "a row of the embedded market has a cell for each symbol");
    for (let column = 0; column < width; column++) closes[day * width + column] = Number(cells[column + 1]);
  }
  assert(
    closes.every((close) => close > 0),
    "every embedded close is a positive number",
  );

  const columns = new Map(symbols.map((symbol, column) => [symbol, column]));
  const closeUsd = (symbol: string, dayIndex: number): number | null => {
    const column = columns.get(symbol);
    if (column === undefined || dayIndex < 0 || dayIndex >= days.length) return null;
    return closes[dayIndex * width + column] ?? null;
  };
  const dayAt = (clock: ReplayClock): number => replayDayIndex(clock.originAppMs, clock.nowMs(), days.length);
  return { symbols, days, closeUsd, dayAt, priceAt: (symbol, clock) => closeUsd(symbol, dayAt(clock)) };
}
