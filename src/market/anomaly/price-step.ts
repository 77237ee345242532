/** What is wrong with a price; each kind has its own sentence and remedy. */
type AnomalyKind =
  | "no-price"
  | "unit"
  | "split"
  | "jump"
  | "dividend-as-price"
  | "dividend"
  | "adjustment"
  | "currency"
  | "stale";

/** `reason` is one plain sentence for people. */
export type Anomaly = { readonly kind: AnomalyKind; readonly reason: string };

/** A price may rise by this factor, or fall by its inverse, from one close to the next; beyond, somebody should look. */
const STEP_MAX = 1.6;
/** Pence read as pounds, or pounds as pence: a hundredfold, give or take a day's move. */
const UNIT_LOG_TOLERANCE = Math.log(1.3);
/** Ratios of common splits and of a currency's nominal changes; a fiftyfold one is recorded. */
const SPLIT_RATIOS = [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50];
/** A split is told from a fall by how near the ratio is: half of what shares move on an ordinary day or two. */
const SPLIT_LOG_TOLERANCE = Math.log(1.04);
const DIVIDEND_TOLERANCE = 0.01;

export const isPrice = (value: number): boolean => value > 0 && Number.isFinite(value);

/**
 * What is wrong with a price, seen from the one before it. `dividends` are recent payments per share: a source that
 * shows one of them as the price is named as such. null: nothing.
 */
export function stepAnomaly(before: number, after: number, dividends: readonly number[]): Anomaly | null {
  if (!isPrice(after)) return { kind: "no-price", reason: `${after} is no price` };
  const step = after / before;
  if (!isPrice(before) || (step <= STEP_MAX && step >= 1 / STEP_MAX)) return null;
  const move = `${shown(before)} to ${shown(after)}`;
  if (dividends.some((dividend) => Math.abs(after / dividend - 1) <= DIVIDEND_TOLERANCE)) {
    return { kind: "dividend-as-price", reason: `${move}: the new price is what was paid as a dividend` };
  }
  if (Math.abs(Math.abs(Math.log(step)) - Math.log(100)) <= UNIT_LOG_TOLERANCE) {
    return { kind: "unit", reason: `${move}: a hundredfold, as when pence are read as pounds` };
  }
  const ratio = SPLIT_RATIOS.find(
    (known) => Math.abs(Math.abs(Math.log(step)) - Math.log(known)) <= SPLIT_LOG_TOLERANCE,
  );
  if (ratio !== undefined) return { kind: "split", reason: `${move}: like a split of 1:${ratio} that was not applied` };
  return { kind: "jump", reason: `${move} from one close to the next` };
}

/** Six digits are enough to see an error by. */
export const shown = (value: number): string => String(Number(value.toPrecision(6)));
