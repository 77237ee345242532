import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXCHANGES, exchangeOf, type Exchange } from "../../../../src/market/calendar/exchange-of.ts";
import {
  calendarsUntil,
  isOpen,
  marketState,
  nextOpenMs,
  sessionOn,
} from "../../../../src/market/calendar/market-hours.ts";
import { dayPlus } from "../../../../src/market/calendar/zoned-time.ts";
import digests from "./schedule-digests.json" with { type: "json" };

const MINUTE_MS = 60_000;
const at = (text: string): number => Date.parse(text);

/** The schedule of a year as the fixture's script writes it: a line of minutes for each session. */
function digest(exchange: Exchange, year: string): string {
  const lines: string[] = [];
  for (let day = `${year}-01-01`; day.startsWith(year); day = dayPlus(day, 1)) {
    const stretches = sessionOn(exchange, day);
    if (stretches.length === 0) continue;
    const edges = stretches.flatMap(({ fromMs, untilMs }) => [fromMs / MINUTE_MS, untilMs / MINUTE_MS]);
    lines.push((edges.length === 2 ? [edges[0], "", "", edges[1]] : edges).join(","));
  }
  return `${lines.length} ${createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16)}`;
}

describe("the exchange calendars", () => {
  test.each(EXCHANGES)(
    "%s has every session of exchange_calendars from 2005 to 2027, to the minute, and no other",
    (exchange) => {
      const expected = digests[exchange];
      expect(Object.keys(expected)).toHaveLength(23);
      const found = Object.fromEntries(Object.keys(expected).map((year) => [year, digest(exchange, year)]));
      expect(found).toEqual(expected);
    },
  );

  test("answer as exchange_calendars does at sampled instants, half of them at the edges of sessions", () => {
    const rows = readFileSync(new URL("./instants.csv", import.meta.url), "utf8")
      .trimEnd()
      .split("\n")
      .slice(1);
    expect(rows).toHaveLength(480);
    const wrong = rows.filter((row) => {
      const [name, minute, open, next] = row.split(",");
      const exchange = EXCHANGES.find((known) => known === name) ?? "XNYS";
      const atMs = Number(minute) * MINUTE_MS;
      return isOpen(exchange, atMs) !== (open === "1") || nextOpenMs(exchange, atMs) !== Number(next) * MINUTE_MS;
    });
    expect(wrong).toEqual([]);
  });

  test("are the table that its provenance names", () => {
    const folder = new URL("../../../../src/market/calendar/", import.meta.url);
    const sha256 = createHash("sha256")
      .update(readFileSync(new URL("exchange-hours.json", folder)))
      .digest("hex");
    expect(readFileSync(new URL("PROVENANCE.md", folder), "utf8")).toContain(sha256);
  });

  test("say why a market is closed and when it opens", () => {
    const state = (exchange: Exchange | null, text: string) => marketState(exchange, at(text));
    const closed = (exchange: Exchange, why: string, opens: string | null) => ({
      open: false,
      why: `${exchange} is closed (${why})`,
      opensAtMs: opens === null ? null : at(opens),
    });
    expect(state("XHKG", "2024-06-12T04:30:00Z")).toEqual(closed("XHKG", "lunch break", "2024-06-12T05:00:00Z"));
    expect(state("XNYS", "2024-07-04T15:00:00Z")).toEqual(closed("XNYS", "holiday", "2024-07-05T13:30:00Z"));
    expect(state("XNYS", "2024-11-29T18:00:00Z")).toEqual(closed("XNYS", "after its hours", "2024-12-02T14:30:00Z"));
    expect(state("XNYS", "2024-11-29T17:59:59.999Z")).toEqual({ open: true, closesAtMs: at("2024-11-29T18:00:00Z") });
    expect(state("XETR", "2024-06-15T10:00:00Z")).toEqual(closed("XETR", "weekend", "2024-06-17T07:00:00Z"));
    expect(state("XTKS", "2024-06-11T23:00:00Z")).toEqual(closed("XTKS", "before its hours", "2024-06-12T00:00:00Z"));
    expect(state(null, "2024-06-12T15:00:00Z")).toMatchObject({ open: false, opensAtMs: null });
  });

  test("an exchange is closed after the last day of the table, and before its first", () => {
    expect(calendarsUntil()).toBe("2027-12-31");
    expect(isOpen("XNYS", at("2027-12-31T15:00:00Z"))).toBe(true);
    expect(marketState("XNYS", at("2028-01-03T15:00:00Z"))).toEqual({
      open: false,
      why: "XNYS is closed (its calendar ends on 2027-12-31)",
      opensAtMs: null,
    });
    expect(isOpen("XNYS", at("2004-06-09T15:00:00Z"))).toBe(false);
  });

  test("a symbol's exchange follows from Yahoo's suffix; what is not known has none", () => {
    expect(["AAPL", "BRK-B", "NOVO-B.CO", "9984.T", "005930.KS", "BT-A.L", "MC.PA", "1398.HK"].map(exchangeOf)).toEqual(
      ["XNYS", "XNYS", "XCSE", "XTKS", "XKRX", "XLON", "XPAR", "XHKG"],
    );
    for (const symbol of ["^GSPC", "EURUSD=X", "BTC-USD", "KEN.TA", "HSBK.IL", "GC=F", ""]) {
      expect(exchangeOf(symbol), symbol).toBeNull();
    }
  });
});
