import { z } from "zod";
import { majorUnit } from "./price-unit.ts";
import type { Bar, DailyBars, Quote, Split } from "./source.ts";

const DAY_MS = 86_400_000;

const wireQuote = z.object({
  symbol: z.string(),
  regularMarketPrice: z.number().positive(),
  currency: z.string(),
  regularMarketTime: z.date(),
});

/** A quote of yahoo-finance2, pence as pounds; null: an entry without a price, currency or time is as good as none. */
export function toQuote(raw: unknown): Quote | null {
  const { success, data } = wireQuote.safeParse(raw);
  if (!success) return null;
  const { symbol, regularMarketPrice, regularMarketTime } = data;
  const { currency, units } = majorUnit(data.currency);
  return { symbol, price: regularMarketPrice / units, currency, asOfMs: regularMarketTime.getTime() };
}

type WireEvent = { readonly date: Date };
/** What is read of a chart as yahoo-finance2 types it. */
type WireChart = {
  readonly meta: { readonly currency: string; readonly gmtoffset: number };
  readonly quotes: readonly { readonly date: Date; readonly adjclose?: number | null; readonly close: number | null }[];
  readonly events?: {
    readonly dividends?: readonly (WireEvent & { readonly amount: number })[];
    readonly splits?: readonly (WireEvent & { readonly numerator: number; readonly denominator: number })[];
  };
};

/** The days of a chart, pence as pounds. A day without a close is left out. */
export function toDailyBars({ meta, quotes, events }: WireChart): DailyBars {
  const { currency, units } = majorUnit(meta.currency);
  const dayOf = ({ date }: WireEvent): number => Math.floor((date.getTime() + meta.gmtoffset * 1000) / DAY_MS) * DAY_MS;
  const dividends = new Map<number, number>();
  for (const event of events?.dividends ?? []) {
    dividends.set(dayOf(event), (dividends.get(dayOf(event)) ?? 0) + event.amount / units);
  }
  const bars = quotes.flatMap((row): readonly Bar[] => {
    const close = row.close ?? row.adjclose ?? null;
    if (close === null || !(close > 0)) return [];
    const dayMs = dayOf(row);
    const adjclose = row.adjclose ?? null;
    const dividend = dividends.get(dayMs) ?? 0;
    return [{ dayMs, close: close / units, adjclose: adjclose === null ? null : adjclose / units, dividend }];
  });
  const splits = (events?.splits ?? []).map((event): Split => {
    const { date, numerator: newShares, denominator: oldShares } = event;
    if (!(newShares > 0 && oldShares > 0)) throw new Error(`a split of ${oldShares} into ${newShares} is none`);
    return { dayMs: dayOf(event), atMs: date.getTime(), newShares, oldShares };
  });
  return { currency, bars, splits };
}
