import { decimalText } from "./amount.ts";
import type { Movement } from "./movement.ts";
import { sharesText } from "./shares.ts";

const columns = [
  "at",
  "kind",
  "symbol",
  "quantity",
  "price",
  "currency",
  "amount",
  "to currency",
  "to amount",
  "rate",
  "note",
  "id",
] as const;

/**
 * One row for each trade or other movement by RFC 4180 (CRLF, quotes where they are needed), a header first. `amount`
 * is what it did to cash; `rate` is base currency for one. Text that a spreadsheet would take for a formula begins with
 * an apostrophe.
 */
export const movementsCsv = (movements: readonly Movement[]): string =>
  [columns, ...movements.map(rowOf)].map((row) => `${row.map(cell).join(",")}\r\n`).join("");

function rowOf(movement: Movement): readonly string[] {
  const { atMs, kind, symbol, qty, price, currency, minor, toCurrency, toMinor, rate, note, id } = movement;
  return [
    new Date(atMs).toISOString(),
    kind,
    symbol ?? "",
    qty === null ? "" : sharesText(qty),
    numberText(price),
    currency,
    decimalText(minor, currency),
    toCurrency ?? "",
    toCurrency === null || toMinor === null ? "" : decimalText(toMinor, toCurrency),
    numberText(rate),
    note,
    id,
  ];
}

const numberText = (value: number | null): string => (value === null ? "" : String(value));

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?(e-?\d+)?$/.test(text);

function cell(text: string): string {
  const harmless = /^[=+\-@\t\r\n]/.test(text) && !isNumber(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
