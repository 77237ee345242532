import type { universe } from "./ledger-schema.ts";

type Stock = typeof universe.$inferInsert;

const us = (symbol: string, name: string, industry: string): Stock => ({
  symbol,
  name,
  industry,
  region: "US",
  currency: "USD",
});

/** The stocks of a new ledger: exactly those of the embedded market. */
export const defaultUniverse: readonly Stock[] = [
  us("AAPL", "Apple", "Technology"),
  us("AMD", "Advanced Micro Devices", "Technology"),
  us("BAC", "Bank of America", "Finance"),
  us("BBY", "Best Buy", "Consumer"),
  us("CVX", "Chevron", "Energy"),
  us("GE", "General Electric", "Industrial"),
  us("HD", "Home Depot", "Consumer"),
  us("JNJ", "Johnson & Johnson", "Healthcare"),
  us("JPM", "JPMorgan Chase", "Finance"),
  us("KO", "Coca-Cola", "Consumer"),
  us("LLY", "Eli Lilly", "Healthcare"),
  us("MRK", "Merck", "Healthcare"),
  us("MSFT", "Microsoft", "Technology"),
  us("PEP", "PepsiCo", "Consumer"),
  us("PFE", "Pfizer", "Healthcare"),
  us("PG", "Procter & Gamble", "Consumer"),
  us("RRC", "Range Resources", "Energy"),
  us("UNH", "UnitedHealth", "Healthcare"),
  us("WMT", "Walmart", "Consumer"),
  us("XOM", "Exxon Mobil", "Energy"),
];
