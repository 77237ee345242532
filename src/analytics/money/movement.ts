import { toMinor, type Currency } from "./amount.ts";
import type { Entry } from "./book.ts";
import { exactShares, sharesText } from "./shares.ts";

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
  /**
   * Shares that a split took (negative) or gave. Brokers book it in two parts, all old shares out and all new ones in,
   * which are one entry of the book.
   */
  "split",
  /** What was paid for the part of a share that a split left. */
  "cash-in-lieu",
  /** What changed shares in a way that is not understood: from then on the book does not add up, and says so. */
  "unbooked",
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
  /** Shares bought, sold or paid out; with the sign of what it did to them, of a split and of what is not understood. */
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

/** The sign of what a movement's quantity does to the shares of its stock; others do nothing to them. */
export const sharesSigns: { readonly [kind in MovementKind]?: 1 | -1 } = {
  buy: 1,
  opening: 1,
  split: 1,
  unbooked: 1,
  sell: -1,
  "cash-in-lieu": -1,
};

/** What a movement did to the shares of its stock. */
export const sharesMoved = ({ kind, qty }: Pick<Movement, "kind" | "qty">): number =>
  (sharesSigns[kind] ?? 0) * (qty ?? 0);

/** Throws the plain sentence of the first movement from this instant on that changed shares and is not understood. */
export function refuseUnbooked(movements: readonly Movement[], fromMs: number): void {
  const first = movements.find(({ kind, atMs }) => kind === "unbooked" && atMs >= fromMs);
  if (first === undefined) return;
  const { id, note, symbol, qty } = first;
  const what = qty === null ? `shares${symbol === null ? "" : ` of ${symbol}`}` : `${symbol} by ${sharesText(qty)}`;
  throw new Error(
    `the activity ${id} (${note}) changed ${what} and is not understood: the books do not add up since ${dateOf(first)}`,
  );
}

/**
 * The entries of a book that movements, oldest first, are; what moved neither cash nor shares is none. Throws on one
 * that lacks something, and on half of a split.
 */
export function entriesOf(movements: readonly Movement[]): readonly Entry[] {
  const removed = new Map<string, Movement>();
  const entries = movements.flatMap((one) => (one.kind === "split" ? splitOf(one, removed) : entriesOfOne(one)));
  const [half] = removed.values();
  if (half === undefined) return entries;
  const [symbol, qty] = [given(half.symbol, half), -given(half.qty, half)];
  throw new Error(
    `the split ${half.id} took ${sharesText(qty)} ${symbol} and gave none yet: the books do not add up since ${dateOf(half)}`,
  );
}

/** All old shares out, then all new ones in; or, of a dividend in shares, new ones alone. */
function splitOf(movement: Movement, removed: Map<string, Movement>): readonly Entry[] {
  const [symbol, qty] = [given(movement.symbol, movement), given(movement.qty, movement)];
  const before = removed.get(symbol);
  if (qty < 0) {
    if (before !== undefined)
      throw new Error(`the splits ${before.id} and ${movement.id} both took shares of ${symbol}`);
    removed.set(symbol, movement);
    return [];
  }
  removed.delete(symbol);
  const addedQty = exactShares(qty + (before?.qty ?? 0));
  return addedQty === 0 ? [] : [{ kind: "split", dayMs: dayOf(movement.atMs), symbol, addedQty }];
}

function entriesOfOne(movement: Movement): readonly Entry[] {
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
    case "cash-in-lieu":
      return [{ kind, dayMs, symbol: given(symbol, movement), qty: given(movement.qty, movement), currency, minor }];
    case "tax":
    case "fee":
      return minor === 0 ? [] : [{ kind, dayMs, symbol, currency, minor: -minor }];
    case "other":
    case "unbooked":
      return minor === 0 ? [] : [{ kind: "other", dayMs, symbol, currency, minor }];
    case "conversion": {
      const [to, arrived] = [given(movement.toCurrency, movement), given(movement.toMinor, movement)];
      return [{ kind, dayMs, from: currency, fromMinor: -minor, to, toMinor: arrived }];
    }
    case "split":
      return [];
    case "opening": {
      if (symbol === null) return minor === 0 ? [] : [paidIn(dayMs, currency, minor)];
      const buy = tradeOf(movement, "buy", dayMs);
      return [paidIn(dayMs, currency, toMinor(currency, buy.price, buy.qty)), buy];
    }
  }
}

const dateOf = ({ atMs }: Movement): string => new Date(atMs).toISOString().slice(0, 10);

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
