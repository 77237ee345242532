import { describe, expect, test } from "vitest";
import { rateAnomaly } from "../../../../src/market/fx/rate-gate.ts";
import { allToBase, exchange, foreignCurrencies, rateSymbol, toBase } from "../../../../src/market/fx/rates.ts";

const rates = { base: "EUR", perBase: new Map([["HKD", 8.33], ["DKK", 0], ["JPY", Number.NaN]]) }; // prettier-ignore

describe("conversion to the base currency", () => {
  test("divides by the units of one euro; the base itself needs no rate", () => {
    expect(toBase(833, "HKD", rates)).toEqual({ kind: "converted", amount: 100 });
    expect(toBase(5, "EUR", rates)).toEqual({ kind: "converted", amount: 5 });
  });

  test.each(["USD", "DKK", "JPY"])(
    "a rate that is missing or none (%s) is no conversion, never one at 1",
    (currency) => {
      expect(toBase(5, currency, rates)).toEqual({ kind: "no-rate", reason: `no good rate of ${currency} to EUR` });
    },
  );

  test("between two others goes through the base; cash of several is summed, and what is nothing needs no rate", () => {
    const two = { base: "EUR", perBase: new Map([["USD", 1.25], ["HKD", 10]]) }; // prettier-ignore
    expect(exchange(50, "USD", "HKD", two)).toEqual({ kind: "converted", amount: 400 });
    expect(exchange(40, "EUR", "USD", two)).toEqual({ kind: "converted", amount: 50 });
    expect(exchange(1, "HKD", "JPY", two)).toMatchObject({ kind: "no-rate" });
    expect(exchange(1, "JPY", "HKD", two)).toMatchObject({ kind: "no-rate" });
    expect(allToBase({ EUR: 10, USD: 5, JPY: 0 }, two)).toEqual({ kind: "converted", amount: 14 });
    expect(allToBase({ EUR: 10, JPY: 1 }, two)).toMatchObject({ kind: "no-rate" });
  });

  test("each foreign currency is asked for once, by Yahoo's name of its rate", () => {
    expect(foreignCurrencies("EUR", ["USD", "EUR", "HKD", "USD"])).toEqual(["HKD", "USD"]);
    expect(rateSymbol("EUR", "KRW")).toBe("EURKRW=X");
  });
});

describe("a rate is judged before anything is converted at it", () => {
  const calm = Array.from({ length: 30 }, (_, day) => 1_400 + (day % 5));
  const judge = (price: number, closes = calm, currency = "KRW") =>
    rateAnomaly({ price, currency, asOfMs: 0 }, "KRW", closes);

  test("one near the level of late passes, whatever single closes were wrong", () => {
    expect(judge(1_450)).toBeNull();
    expect(judge(1_450, [...calm.slice(0, -1), 1.4])).toBeNull();
  });

  test.each([
    [0, "0 is no rate"],
    [Number.POSITIVE_INFINITY, "Infinity is no rate"],
    [1.45, "1.45 where the rate was around 1402"],
    [1_600, "1600 where the rate was around 1402"],
  ])("%d does not: %s", (price, reason) => {
    expect(judge(price)?.reason).toBe(reason);
  });

  test("nor one of another currency, nor the first without any history", () => {
    expect(judge(1_400, calm, "JPY")?.reason).toBe("a rate of JPY, not of KRW");
    expect(judge(1_400, [])?.reason).toBe("there are no earlier rates to judge it by");
  });

  test("a move that lasts passes after five sessions, not before", () => {
    const moved = [...calm, 1_600, 1_600, 1_600, 1_600];
    expect(judge(1_600, moved)).not.toBeNull();
    expect(judge(1_600, [...moved, 1_600])).toBeNull();
  });
});
