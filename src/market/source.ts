/** A price as its source gave it; `asOfMs` is market time. */
export type Quote = {
  readonly symbol: string;
  readonly priceUsd: number;
  readonly currency: string;
  readonly asOfMs: number;
};

/** One trading day's adjusted close; `dayMs` is midnight UTC of the day. */
export type Bar = { readonly dayMs: number; readonly closeUsd: number };

/** Where prices come from. Calls throw on failure and have their own time limit. */
export type MarketSource = {
  /** One quote for each symbol that the source knows; unknown ones are missing. */
  quotes(symbols: readonly string[]): Promise<readonly Quote[]>;
  /** Bars since `fromMs` (market time), oldest first, none after the newest quote. Throws on an unknown symbol. */
  dailyBars(symbol: string, fromMs: number): Promise<readonly Bar[]>;
};
