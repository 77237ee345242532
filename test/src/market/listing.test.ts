import { expect, test } from "vitest";
import { yahooUniverse } from "../../../src/db/universe.ts";
import { listingOf } from "../../../src/market/listing.ts";

const of = (symbol: string, over: Partial<Parameters<typeof listingOf>[0]> = {}) =>
  listingOf({ symbol, currency: "USD", ...over });

const count = (region: string) => yahooUniverse.filter((stock) => stock.region === region).length;

test("Yahoo's symbol is what was set, or the broker's without .US, with .AT for .GR", () => {
  expect(of("AAPL.US").yahooSymbol).toBe("AAPL");
  expect(of("OPAP.GR").yahooSymbol).toBe("OPAP.AT");
  expect(of("SIE.DE").yahooSymbol).toBe("SIE.DE");
  expect(of("GRUS").yahooSymbol).toBe("GRUS");
  expect(of("BABA.HK", { yahooSymbol: "9988.HK" }).yahooSymbol).toBe("9988.HK");
});

test("its calendar is the one that was set, or follows from Yahoo's symbol; an unknown one is none", () => {
  expect(of("AAPL.US").exchange).toBe("XNYS");
  expect(of("BABA.HK", { yahooSymbol: "BABA" }).exchange).toBe("XNYS");
  expect(of("X.IL", { exchange: "XLON" }).exchange).toBe("XLON");
  expect(of("AAPL", { exchange: "XATH" }).exchange).toBeNull();
  expect(of("OPAP.GR").exchange).toBeNull();
});

test("the default universe has 25 stocks of three regions, each with a calendar", () => {
  expect(yahooUniverse).toHaveLength(25);
  expect(yahooUniverse.filter((stock) => listingOf(stock).exchange === null)).toEqual([]);
  expect([count("EU"), count("ASIA"), count("US")]).toEqual([8, 8, 9]);
  expect([...new Set(yahooUniverse.map(({ currency }) => currency))].sort()).toEqual([
    "DKK",
    "EUR",
    "HKD",
    "JPY",
    "KRW",
    "USD",
  ]);
});
