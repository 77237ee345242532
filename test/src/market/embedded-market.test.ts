import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { embeddedUniverse } from "../../../src/db/universe.ts";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { REPLAY_DAY_MS, REPLAY_FIRST_DAY, replayDayIndex } from "../../../src/market/replay-clock.ts";

const market = loadEmbeddedMarket();

/** A close as a multiple of that of the day before. */
const stepOn = (symbol: string, day: string): number => {
  const index = market.days.indexOf(Date.parse(day));
  return (market.closeUsd(symbol, index) ?? 0) / (market.closeUsd(symbol, index - 1) ?? Number.NaN);
};

describe("the embedded market", () => {
  test("is the table that its provenance names", () => {
    const folder = new URL("../../../src/market/embedded/", import.meta.url);
    const sha256 = createHash("sha256")
      .update(readFileSync(new URL("daily-closes.csv.gz", folder)))
      .digest("hex");
    expect(readFileSync(new URL("PROVENANCE.md", folder), "utf8")).toContain(sha256);
    expect(market.days).toHaveLength(4529);
    expect(market.closeUsd("AAPL", 0)).toBe(0.961);
    expect(market.closeUsd("XOM", 4528)).toBe(106.627);
    expect(new Date(market.days[4528] ?? 0).toISOString()).toBe("2022-12-28T00:00:00.000Z");
  });

  test("holds exactly the stocks of a new ledger", () => {
    expect(embeddedUniverse.map((stock) => stock.symbol)).toEqual(market.symbols);
  });

  test("knows nothing of other symbols and days", () => {
    expect(market.closeUsd("NONE", 0)).toBeNull();
    expect(market.closeUsd("AAPL", -1)).toBeNull();
    expect(market.closeUsd("AAPL", 4529)).toBeNull();
  });

  test("is adjusted for every split of its years from its first day on, so that holdings bought at it never split", () => {
    // 7:1, 4:1, 2:1 and 20:1 by the companies' own announcements.
    const splits = [["AAPL", "2014-06-09"], ["AAPL", "2020-08-31"], ["KO", "2012-08-13"], ["AMZN", "2022-06-06"]] as const; // prettier-ignore
    const known = splits.filter(([symbol]) => market.symbols.includes(symbol));
    expect(known.length).toBeGreaterThan(2);
    for (const [symbol, day] of known) expect(Math.abs(stepOn(symbol, day) - 1), `${symbol} ${day}`).toBeLessThan(0.1);
  });

  test("has a new price in every slot", () => {
    const originAppMs = 1_000_000;
    const at = (slots: number) =>
      market.priceAt("MSFT", { originAppMs, nowMs: () => originAppMs + slots * REPLAY_DAY_MS });
    expect(new Set(Array.from({ length: 8 }, (_, slots) => at(slots))).size).toBe(8);
  });
});

describe("the replay's day", () => {
  test("starts with at least 400 earlier bars and moves by one each 15 minutes", () => {
    expect(REPLAY_FIRST_DAY).toBeGreaterThanOrEqual(400);
    expect(replayDayIndex(0, 0, 4529)).toBe(REPLAY_FIRST_DAY);
    expect(replayDayIndex(0, REPLAY_DAY_MS - 1, 4529)).toBe(REPLAY_FIRST_DAY);
    expect(replayDayIndex(0, REPLAY_DAY_MS, 4529)).toBe(REPLAY_FIRST_DAY + 1);
  });

  test("stands still on the first day before the origin, and on the last at the end", () => {
    expect(replayDayIndex(1e12, 0, 4529)).toBe(REPLAY_FIRST_DAY);
    expect(replayDayIndex(0, 1e13, 4529)).toBe(4528);
  });
});
