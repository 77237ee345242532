import { toMinor, type Currency } from "./amount.ts";
import type { Entry } from "./book.ts";

const DAY_MS = 86_400_000;

export const movementKinds = [
  "deposit",
  "withdrawal",
  "buy",
  "sell",
  "dividend",
  "tax",
  "fee",
  "conversion",
  "split",
  /** What an account held when it was first seen, beyond what its broker told of its past. */
  "opening",
  "other",
] as const;
type MovementKind = (typeof movementKinds)[number];

/** One thing that moved an account's cash or shares, as its broker told it; its id is told once. */
export type Movement = {
  readonly id: string;
  readonly kind: MovementKind;
  readonly atMs: number;
  readonly currency: Currency;
  /** What it did to the cash of this currency, in minor units. */
  readonly minor: number;
  readonly symbol: string | null;
  /** Shares bought or sold; new shares for one old of a split. */
  readonly qty: number | null;
  /** For a share, in major units of the currency. */
  readonly price: number | null;
  /** What came of a conversion. */
  readonly toCurrency: Currency | null;
  readonly toMinor: number | null;
  /** Base currency for one of the currency on that day; null: not known. */
  readonly rate: number | null;
  /** The broker's own word for it. */
  readonly note: string;
};

/** Midnight UTC of the day that an instant belongs to: the day of all books. */
export const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS) * DAY_MS;

/** Cash by currency after these movements. */
export function cashOf(movements: readonly Movement[]): ReadonlyMap<Currency, number> {
  const cash = new Map<Currency, number>();
  const add = (currency: Currency, minor: number): void => void cash.set(currency, (cash.get(currency) ?? 0) + minor);
  for (const { currency, minor, toCurrency, toMinor: arrived } of movements) {
    add(currency, minor);
    if (toCurrency !== null) add(toCurrency, arrived ?? 0);
  }
  return cash;
}

/** The entries of a book that a movement is; what moved neither cash nor shares is none. Throws on one that lacks something. */
export function entriesOf(movement: Movement): readonly Entry[] {
  const { kind, currency, minor, symbol } = movement;
  const dayMs = dayOf(movement.atMs);
  switch (kind) {
    case "deposit":
    case "withdrawal":
      return minor === 0 ? [] : [paidIn(dayMs, currency, minor)];
    case "buy":
    case "sell":
      return [tradeOf(movement, kind, dayMs)];
    case "dividend":
      // One that is taken back, for it was wrong.
      if (minor < 0) return [{ kind: "fee", dayMs, symbol, currency, minor: -minor }];
      return minor === 0 ? [] : [{ kind, dayMs, symbol: given(symbol, movement), currency, minor }];
    case "tax":
    case "fee":
      return minor === 0 ? [] : [{ kind, dayMs, symbol, currency, minor: -minor }];
    case "other":
      return minor === 0 ? [] : [{ kind, dayMs, symbol, currency, minor }];
    case "conversion": {
      const [to, arrived] = [given(movement.toCurrency, movement), given(movement.toMinor, movement)];
      return [{ kind, dayMs, from: currency, fromMinor: -minor, to, toMinor: arrived }];
    }
    case "split":
      return [{ kind, dayMs, symbol: given(symbol, movement), ratio: given(movement.qty, movement) }];
    case "opening": {
      if (symbol === null) return minor === 0 ? [] : [paidIn(dayMs, currency, minor)];
      const buy = tradeOf(movement, "buy", dayMs);
      return [paidIn(dayMs, currency, toMinor(currency, buy.price, buy.qty)), buy];
    }
  }
}

const paidIn = (dayMs: number, currency: Currency, minor: number): Entry => ({
  kind: minor < 0 ? "withdrawal" : "deposit",
  dayMs,
  currency,
  minor: Math.abs(minor),
});

const tradeOf = (
  movement: Movement,
  kind: "buy" | "sell",
  dayMs: number,
): Extract<Entry, { kind: "buy" | "sell" }> => ({
  kind,
  dayMs,
  symbol: given(movement.symbol, movement),
  qty: given(movement.qty, movement),
  price: given(movement.price, movement),
  unit: movement.currency,
  feeMinor: 0,
});

function given<T>(value: T | null, { id, kind }: Movement): T {
  if (value === null) throw new Error(`the ${kind} ${id} is not whole`);
  return value;
}
