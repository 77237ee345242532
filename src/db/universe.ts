import type { universe } from "./ledger-schema.ts";

export type NewStock = typeof universe.$inferInsert;

const listed =
  (region: NewStock["region"], currency: string) =>
  (symbol: string, name: string, industry: string, lotSize = 1): NewStock => ({
    symbol,
    name,
    industries: [industry],
    region,
    currency,
    lotSize,
  });
const us = listed("US", "USD");
const euro = listed("EU", "EUR");
const tokyo = listed("ASIA", "JPY");
const hongKong = listed("ASIA", "HKD");
/** Tokyo deals in hundreds. */
const TOKYO_LOT = 100;

/** The stocks of a new ledger on the embedded market: exactly those that it has. */
export const embeddedUniverse: readonly NewStock[] = [
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

/** The stocks of a new ledger on the real market: 25 of three regions; Hong Kong's lots are each its own. */
export const yahooUniverse: readonly NewStock[] = [
  listed("EU", "USD")("ASML", "ASML", "Technology"),
  listed("EU", "USD")("SAP", "SAP", "Technology"),
  euro("MC.PA", "LVMH", "Consumer"),
  listed("EU", "DKK")("NOVO-B.CO", "Novo Nordisk", "Healthcare"),
  euro("SIE.DE", "Siemens", "Industrial"),
  euro("BNP.PA", "BNP Paribas", "Finance"),
  euro("AIR.PA", "Airbus", "Industrial"),
  euro("SAN.PA", "Sanofi", "Healthcare"),
  tokyo("9984.T", "SoftBank Group", "Technology", TOKYO_LOT),
  tokyo("9432.T", "NTT", "Technology", TOKYO_LOT),
  tokyo("7203.T", "Toyota Motor", "Industrial", TOKYO_LOT),
  tokyo("6758.T", "Sony Group", "Consumer", TOKYO_LOT),
  listed("ASIA", "KRW")("005930.KS", "Samsung Electronics", "Technology"),
  hongKong("9988.HK", "Alibaba", "Consumer", 100),
  hongKong("1398.HK", "ICBC", "Finance", 1_000),
  hongKong("2269.HK", "WuXi Biologics", "Healthcare", 500),
  us("AAPL", "Apple", "Technology"),
  us("MSFT", "Microsoft", "Technology"),
  us("JNJ", "Johnson & Johnson", "Healthcare"),
  us("UNH", "UnitedHealth", "Healthcare"),
  us("JPM", "JPMorgan Chase", "Finance"),
  us("V", "Visa", "Finance"),
  us("CAT", "Caterpillar", "Industrial"),
  us("PG", "Procter & Gamble", "Consumer"),
  us("HD", "Home Depot", "Consumer"),
];

/** What a new ledger begins with: its stocks, and settings that differ from the defaults, by key. */
export type NewLedger = {
  readonly universe: readonly NewStock[];
  readonly settings: { readonly [key: string]: unknown };
};

/** On the recorded market a slot is a day and somebody watches: an owner in a hurry, who has the one region that there is. */
const embeddedSettings = {
  "planning.regions": { US: 1 },
  "planning.industries": { Technology: 1, Healthcare: 1, Finance: 1, Consumer: 1, Industrial: 1, Energy: 1 },
  "planning.buyCoolOffDays": 2,
  "planning.sellCoolOffDays": 2,
  "planning.holdDaysMin": 2,
  "planning.priceToHighMax": 2,
  "planning.scoreMin": 0.3,
  "planning.misplacedCost": 0.02,
};

/** What a ledger begins with, and keeps its books in, by the market that it trades on. */
export const marketDefaults = {
  embedded: { universe: embeddedUniverse, settings: embeddedSettings, base: "USD" },
  yahoo: { universe: yahooUniverse, settings: {}, base: "EUR" },
} as const;
