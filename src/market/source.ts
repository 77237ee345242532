import type { Fundamentals } from "../scoring/score-input.ts";

/** A price as its source gave it, in major units of its currency (pounds, never pence); `asOfMs` is market time. */
export type Quote = {
  readonly symbol: string;
  readonly price: number;
  readonly currency: string;
  readonly asOfMs: number;
};

/** One trading day in the listing's currency; `dayMs` is midnight UTC of the day. */
export type Bar = {
  readonly dayMs: number;
  /** Adjusted for splits. */
  readonly close: number;
  /** Adjusted for dividends too; null when the source has none. */
  readonly adjclose: number | null;
  /** Paid per share on this ex-dividend day, adjusted for splits; 0 when nothing was. */
  readonly dividend: number;
};

/** So many new shares for so many old ones from the opening of this day (`atMs`) on; market time. */
export type Split = {
  readonly dayMs: number;
  readonly atMs: number;
  readonly newShares: number;
  readonly oldShares: number;
};

/** Bars oldest first, and the splits among them: bars of other fetches, from before one of them, differ. */
export type DailyBars = {
  readonly currency: string;
  readonly bars: readonly Bar[];
  readonly splits: readonly Split[];
};

/**
 * Where prices come from; symbols are the source's own. Calls have their own time limit, try again what may pass, and
 * throw a `SourceFault`, or the signal's reason when it is aborted.
 */
export type MarketSource = {
  /** One quote for each symbol that the source knows; unknown ones are missing. */
  quotes(symbols: readonly string[], signal: AbortSignal): Promise<readonly Quote[]>;
  /** Bars since `fromMs` (market time), none after the newest quote. Throws on an unknown symbol. */
  dailyBars(symbol: string, fromMs: number, signal: AbortSignal): Promise<DailyBars>;
  /** A company's figures; null when the source knows none of this symbol. The whole is null when it never has any. */
  readonly company: ((symbol: string, signal: AbortSignal) => Promise<Fundamentals | null>) | null;
};
