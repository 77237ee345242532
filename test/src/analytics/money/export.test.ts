import { expect, test } from "vitest";
import { movementsCsv } from "../../../../src/analytics/money/export.ts";
import type { Movement } from "../../../../src/analytics/money/movement.ts";

const movement: Movement = {
  id: "20260105::a",
  kind: "buy",
  atMs: Date.UTC(2026, 0, 5, 14, 30),
  currency: "USD",
  minor: -18_003,
  symbol: "KO",
  qty: 3,
  price: 60.01,
  toCurrency: null,
  toMinor: null,
  rate: 0.92,
  note: "FILL",
};

test("one row a movement, by RFC 4180, with amounts to the cent", () => {
  const conversion: Movement = {
    ...movement,
    kind: "conversion",
    currency: "EUR",
    minor: -230_000,
    symbol: null,
    qty: null,
    price: null,
    toCurrency: "JPY",
    toMinor: 400_000,
    rate: null,
    note: 'said "so", in two\nlines',
  };
  expect(movementsCsv([movement, conversion]).split("\r\n")).toEqual([
    "at,kind,symbol,quantity,price,currency,amount,to currency,to amount,rate,note,id",
    "2026-01-05T14:30:00.000Z,buy,KO,3,60.01,USD,-180.03,,,0.92,FILL,20260105::a",
    '2026-01-05T14:30:00.000Z,conversion,,,,EUR,-2300.00,JPY,400000,,"said ""so"", in two\nlines",20260105::a',
    "",
  ]);
});

test("part shares are written as decimals, without noise", () => {
  const some = [7.5, 1e-7, 0.1 + 0.2, 10].map((qty): Movement => ({ ...movement, qty }));
  const rows = movementsCsv(some).split("\r\n").slice(1, -1);
  expect(rows.map((row) => row.split(",")[3])).toEqual(["7.5", "0.0000001", "0.3", "10"]);
});

test.each([
  ["=1+1", "'=1+1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["+49", "'+49"],
  ["-2+3", "'-2+3"],
  ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
  ["\tx", "'\tx"],
  ["-180.03", "-180.03"],
])("a note of %j is no formula for a spreadsheet", (note, cell) => {
  expect(movementsCsv([{ ...movement, note }])).toContain(`,${cell},20260105::a`);
});
