import { exchangeOf, isExchange, type Exchange } from "./calendar/exchange-of.ts";

/** Where and in what a stock is traded; `symbol` is the broker's form of its name. */
export type Listing = {
  readonly symbol: string;
  readonly yahooSymbol: string;
  readonly currency: string;
  /** null: no calendar, and so never known to be open. */
  readonly exchange: Exchange | null;
};

/** A listing as the universe has it; none stands for what follows from the symbol. */
export type ListingRow = {
  readonly symbol: string;
  readonly yahooSymbol?: string | null | undefined;
  readonly currency: string;
  readonly exchange?: string | null | undefined;
};

/** The listing of a row. An exchange that is named but has no calendar is unknown, whatever the symbol says. */
export function listingOf({ symbol, yahooSymbol, currency, exchange }: ListingRow): Listing {
  const yahoo = yahooSymbol ?? yahooSymbolOf(symbol);
  const known = exchange ? (isExchange(exchange) ? exchange : null) : exchangeOf(yahoo);
  return { symbol, yahooSymbol: yahoo, currency, exchange: known };
}

/** Brokers mark New York's by `.US`, which Yahoo leaves out, and Athens's by `.GR`, its `.AT`. */
const yahooSymbolOf = (symbol: string): string => symbol.replace(/\.US$/, "").replace(/\.GR$/, ".AT");
