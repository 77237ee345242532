import { describe, expect, test } from "vitest";
import type { AccountDay } from "../../../../src/analytics/money/account-day.ts";
import {
  analytics,
  cashBreakdown,
  valueHistory,
  type AccountHistory,
} from "../../../../src/analytics/money/money-report.ts";
import { gainsOf, groups, known, movementIn } from "./hand-report.ts";

const movement = movementIn("EUR");
const accountDay = (day: string, rest: Omit<AccountDay, "dayMs" | "base">): AccountDay => ({
  dayMs: Date.parse(day),
  base: "EUR",
  ...rest,
});

describe("a London stock in pence, an American one, a deposit in between", () => {
  /*
   * Mon 5 Jan. 5,000.00 EUR come in. 2,300.00 EUR become 2,000.00 GBP, 920.00 EUR become 1,000.00 USD.
   *   400 VOD at 70.15 p = 280.60 GBP; at 1.15 = 322.69 EUR.
   *   3 KO at 60.01 = 180.03 USD; at .92 = 165.6276, so 165.63 EUR.
   *   A fee of 1.50 GBP for VOD = 1.725, so 1.73 EUR.
   *   Cash 1,780.00 EUR, 1,717.90 GBP = 1,975.585, so 1,975.59 EUR, 819.97 USD = 754.3724, so 754.37 EUR: 4,509.96 EUR.
   *   Value 4,509.96 + 322.69 + 165.63 = 4,998.28 EUR.
   * Tue 6 Jan. 1,000.00 EUR come in. VOD 72 p, KO 61.00, 1.16, .93.
   *   VOD 288.00 GBP = 334.08; KO 183.00 USD = 170.19. Cash 2,780.00 + 1,992.764, so 1,992.76, + 762.5721, so 762.57.
   *   Value 5,535.33 + 334.08 + 170.19 = 6,039.60 EUR.
   * Wed 7 Jan. 100 VOD are sold at 75.5 p = 75.50 GBP; at 1.17 = 88.335, so 88.34 EUR. KO pays 1.47 USD, .22 of it tax;
   *   at .94 = 1.3818, so 1.38, and .2068, so .21 EUR. VOD 75.5 p, KO 59.50.
   *   VOD 226.50 GBP = 265.005, so 265.01; KO 178.50 USD = 167.79.
   *   Cash 2,780.00 EUR, 1,793.40 GBP = 2,098.278, so 2,098.28, 821.22 USD = 771.9468, so 771.95: 5,650.23 EUR.
   *   Value 5,650.23 + 265.01 + 167.79 = 6,083.03 EUR.
   */
  const days = ["2026-01-05", "2026-01-06", "2026-01-07"] as const;
  const history: AccountHistory = {
    base: "EUR",
    movements: [
      movement(days[0], "deposit", { minor: 500_000 }),
      movement(days[0], "conversion", { minor: -230_000, toCurrency: "GBP", toMinor: 200_000 }),
      movement(days[0], "conversion", { minor: -92_000, toCurrency: "USD", toMinor: 100_000 }),
      // 70.15 p are .7015 GBP: pence become pounds at the edge.
      movement(days[0], "buy", { currency: "GBP", minor: -28_060, symbol: "VOD", qty: 400, price: 0.7015 }),
      movement(days[0], "buy", { currency: "USD", minor: -18_003, symbol: "KO", qty: 3, price: 60.01 }),
      movement(days[0], "fee", { currency: "GBP", minor: -150, symbol: "VOD" }),
      movement(days[1], "deposit", { minor: 100_000 }),
      movement(days[2], "sell", { currency: "GBP", minor: 7_550, symbol: "VOD", qty: 100, price: 0.755 }),
      movement(days[2], "dividend", { currency: "USD", minor: 147, symbol: "KO" }),
      movement(days[2], "tax", { currency: "USD", minor: -22, symbol: "KO" }),
    ],
    days: [
      accountDay(days[0], {
        held: { VOD: 400, KO: 3 },
        prices: { GBP: { VOD: 0.7015 }, USD: { KO: 60.01 } },
        cash: { EUR: 178_000, GBP: 171_790, USD: 81_997 },
        rates: { GBP: 1.15, USD: 0.92 },
      }),
      accountDay(days[1], {
        held: { VOD: 400, KO: 3 },
        prices: { GBP: { VOD: 0.72 }, USD: { KO: 61 } },
        cash: { EUR: 278_000, GBP: 171_790, USD: 81_997 },
        rates: { GBP: 1.16, USD: 0.93 },
      }),
      accountDay(days[2], {
        held: { VOD: 300, KO: 3 },
        prices: { GBP: { VOD: 0.755 }, USD: { KO: 59.5 } },
        cash: { EUR: 278_000, GBP: 179_340, USD: 82_122 },
        rates: { GBP: 1.17, USD: 0.94 },
      }),
    ],
  };

  test("values and time-weighted returns, day by day", () => {
    const [eve, ...found] = known(valueHistory(history, 400));
    expect(eve).toMatchObject({ totalMinor: 0, flowMinor: 0 });
    expect(found.map(({ totalMinor, cashMinor, flowMinor }) => [totalMinor, cashMinor, flowMinor])).toEqual([
      [499_828, 450_996, 500_000],
      [603_960, 553_533, 100_000],
      [608_303, 565_023, 0],
    ]);
    const growths = [4_998.28 / 5_000, 6_039.6 / 5_998.28, 6_083.03 / 6_039.6];
    expect(found.at(-1)?.timeWeighted).toBeCloseTo(growths.reduce((all, one) => all * one, 1) - 1, 12);
    // The mean of what VOD and KO did in euros: 72 × 1.16 / (70.15 × 1.15) and 61 × .93 / (60.01 × .92), then the third day.
    const benchmark = [
      ((72 * 1.16) / (70.15 * 1.15) + (61 * 0.93) / (60.01 * 0.92)) / 2,
      ((75.5 * 1.17) / (72 * 1.16) + (59.5 * 0.94) / (61 * 0.93)) / 2,
    ];
    expect(found.at(-1)?.benchmark).toBeCloseTo(benchmark[0]! * benchmark[1]! - 1, 12);
  });

  test("gains first in, first out, split to the cent", () => {
    const { split, stocks, realisedByYear } = known(gainsOf(history));
    /*
     * VOD: cost of 100 = 70.15 GBP = 80.6725, so 80.67 EUR; sold 88.34: 7.67, of which 5.35 GBP × 80.67 / 70.15 =
     *   6.1523, so 6.15 price and 1.52 rate. Held: 265.01 - 242.02 = 22.99, of which 16.05 × 242.02 / 210.45 = 18.4577,
     *   so 18.46 price and 4.53 rate. Fee 1.73.
     * KO: 167.79 - 165.63 = 2.16: -1.53 USD × 165.63 / 180.03 = -1.4076, so -1.41 price and 3.57 rate. Dividend 1.38, tax .21.
     */
    expect(stocks).toEqual([
      {
        symbol: "KO",
        qty: 3,
        valueMinor: 16_779,
        costMinor: 16_563,
        gainMinor: 216 + 138 - 21,
        realisedMinor: 0,
        priceMinor: -141,
        fxMinor: 357,
        dividendsMinor: 138,
        feesMinor: 0,
        taxesMinor: -21,
      },
      {
        symbol: "VOD",
        qty: 300,
        valueMinor: 26_501,
        costMinor: 24_202,
        gainMinor: 767 + 2_299 - 173,
        realisedMinor: 767,
        priceMinor: 615 + 1_846,
        fxMinor: 152 + 453,
        dividendsMinor: 0,
        feesMinor: -173,
        taxesMinor: 0,
      },
    ]);
    // 6,083.03 - 6,000.00, of which 3.33 + 28.93 by the stocks: the rest is what the rates did to pounds and dollars.
    expect(split).toMatchObject({ gainMinor: 8_303, cashFxMinor: 8_303 - 333 - 2_893, dividendsMinor: 138 });
    expect(realisedByYear).toEqual([{ year: 2026, gainMinor: 767 }]);
  });

  test("each stock's own return, whatever its weight, and cash by currency", () => {
    const { stocks } = known(analytics(history, groups, 400));
    const own = (key: string) => stocks.find((row) => row.key === key)?.ownReturn;
    expect(own("VOD")).toBeCloseTo((322.69 / 324.42) * (334.08 / 322.69) * ((265.01 + 88.34) / 334.08) - 1, 12);
    expect(own("KO")).toBeCloseTo((170.19 / 165.63) * ((167.79 + 1.38 - 0.21) / 170.19) - 1, 12);
    expect(cashBreakdown(history.movements, new Map([["GBP", 179_340]]))).toEqual([
      { currency: "EUR", bookMinor: 278_000, brokerMinor: null, byKind: { deposit: 600_000, conversion: -322_000 } },
      {
        currency: "GBP",
        bookMinor: 179_340,
        brokerMinor: 179_340,
        byKind: { conversion: 200_000, buy: -28_060, fee: -150, sell: 7_550 },
      },
      {
        currency: "USD",
        bookMinor: 82_122,
        brokerMinor: null,
        byKind: { conversion: 100_000, buy: -18_003, dividend: 147, tax: -22 },
      },
    ]);
  });
});

describe("two lots in yen, one of them sold, over a weekend", () => {
  /*
   * Thu 8 Jan. 200,000 JPY come in, 100 NTT at 150.5 = 15,050 JPY; at .0061 = 91.805, so 91.81 EUR.
   * Fri 9 Jan. 100 NTT at 160 = 16,000 JPY; at .0062 = 99.20 EUR.
   * Sat 10 Jan. 50,000 JPY go out: -310.00 EUR, counted on Monday. The price is that of Friday.
   * Mon 12 Jan. 150 NTT are sold at 158.3 = 23,745 JPY; at .006 = 142.47 EUR. First in, first out they have cost
   *   15,050 + 8,000 = 23,050 JPY, 91.81 + 49.60 = 141.41 EUR: a gain of 1.06. 695 JPY × 141.41 / 23,050 = 4.2638, so
   *   4.26 by the price and -3.20 by the rate.
   *   Held: 50 × 158.3 = 7,915 JPY = 47.49 EUR, cost 49.60: -2.11, of which -85 × 49.60 / 8,000 = -.527, so -.53 price.
   *   Cash 200,000 - 15,050 - 16,000 - 50,000 + 23,745 = 142,695 JPY = 856.17 EUR. Value 903.66 EUR.
   *   Paid in: 1,220.00 at .0061, less 50,000 × .0062 = 310.00: 910.00. Gain -6.34.
   */
  const yen = { currency: "JPY" } as const;
  const history: AccountHistory = {
    base: "EUR",
    movements: [
      movement("2026-01-08", "deposit", { ...yen, minor: 200_000 }),
      movement("2026-01-08", "buy", { ...yen, minor: -15_050, symbol: "NTT", qty: 100, price: 150.5 }),
      movement("2026-01-09", "buy", { ...yen, minor: -16_000, symbol: "NTT", qty: 100, price: 160 }),
      movement("2026-01-10", "withdrawal", { ...yen, minor: -50_000 }),
      movement("2026-01-12", "sell", { ...yen, minor: 23_745, symbol: "NTT", qty: 150, price: 158.3 }),
    ],
    days: [
      ["2026-01-08", 100, 150.5, 184_950, 0.0061] as const,
      ["2026-01-09", 200, 160, 168_950, 0.0062] as const,
      ["2026-01-10", 200, 160, 118_950, 0.0062] as const,
      ["2026-01-12", 50, 158.3, 142_695, 0.006] as const,
    ].map(([day, held, price, cash, rate]) =>
      accountDay(day, {
        held: { NTT: held },
        prices: { JPY: { NTT: price } },
        cash: { JPY: cash },
        rates: { JPY: rate },
      }),
    ),
  };

  test("the oldest lots go first, and yen have no cents", () => {
    const { split, stocks, realised } = known(gainsOf(history));
    expect(realised).toMatchObject([{ qty: 150, costMinor: 23_050, costBaseMinor: 14_141, proceedsBaseMinor: 14_247 }]);
    expect(stocks).toMatchObject([{ realisedMinor: 106, priceMinor: 426 - 53, fxMinor: -320 - 158, costMinor: 4_960 }]);
    expect(split).toMatchObject({ gainMinor: -634, cashFxMinor: -634 + 105 });
  });

  test("what goes out on a Saturday counts on Monday", () => {
    const found = known(valueHistory(history, 400)).slice(1);
    // Fri: 200 × 160 = 32,000 JPY = 198.40, and 168,950 JPY = 1,047.49.
    expect(found.map(({ totalMinor, flowMinor }) => [totalMinor, flowMinor])).toEqual([
      [9_181 + 112_820, 122_000],
      [19_840 + 104_749, 0],
      [4_749 + 85_617, -31_000],
    ]);
    const growths = [1_220.01 / 1_220, 1_245.89 / 1_220.01, 903.66 / 935.89];
    expect(found.at(-1)?.timeWeighted).toBeCloseTo(growths.reduce((all, one) => all * one, 1) - 1, 12);
  });
});

describe("an account that was there before", () => {
  /*
   * Mon 5 Jan. It opens with 10 SAP that cost 90.00 each and 100.00 EUR; SAP is at 120.00: 1,300.00 EUR, the start.
   * Tue 6 Jan. SAP 126.00, interest of .10 less .02 of fee: 1,360.08 EUR. 60.08 / 1,300.00 = 4.6215%.
   */
  const history: AccountHistory = {
    base: "EUR",
    movements: [
      movement("2026-01-05", "opening", { minor: 10_000 }),
      movement("2026-01-05", "opening", { symbol: "SAP", qty: 10, price: 90 }),
      movement("2026-01-06", "other", { minor: 10, note: "INT" }),
      movement("2026-01-06", "fee", { minor: -2 }),
    ],
    days: [
      accountDay("2026-01-05", { held: { SAP: 10 }, prices: { EUR: { SAP: 120 } }, cash: { EUR: 10_000 }, rates: {} }),
      accountDay("2026-01-06", { held: { SAP: 10 }, prices: { EUR: { SAP: 126 } }, cash: { EUR: 10_008 }, rates: {} }),
    ],
  };

  test("returns start with its first day, gains with what was paid for its shares", () => {
    const found = known(valueHistory(history, 400));
    expect(found.map(({ totalMinor }) => totalMinor)).toEqual([130_000, 136_008]);
    expect(found.at(-1)?.timeWeighted).toBeCloseTo(60.08 / 1_300, 12);
    expect(known(gainsOf(history)).split).toEqual({
      gainMinor: 36_008,
      priceMinor: 36_000,
      fxMinor: 0,
      dividendsMinor: 0,
      feesMinor: -2,
      taxesMinor: 0,
      otherMinor: 10,
      cashFxMinor: 0,
    });
  });

  test("what cannot be told says why: a price that is missing, a sale of what is not there, nothing yet", () => {
    const [first, last] = history.days;
    const unpriced = { ...history, days: [first!, { ...last!, prices: {} }] };
    expect(valueHistory(unpriced, 9)).toEqual({ kind: "unknown", reason: "2026-01-06: no price for SAP" });
    const sale = movement("2026-01-05", "sell", { symbol: "SAP", qty: 11, price: 126, minor: 138_600 });
    const wrong = { ...history, movements: [...history.movements, sale] };
    expect(gainsOf(wrong)).toEqual({ kind: "unknown", reason: "SAP: 11 sold, 10 held" });
    const empty = { base: "EUR", days: [], movements: [] } as const;
    expect(analytics(empty, groups, 9)).toMatchObject({ kind: "unknown" });
    expect(gainsOf(empty)).toMatchObject({ kind: "unknown" });
    expect(known(valueHistory(empty, 9))).toEqual([]);
  });
});
