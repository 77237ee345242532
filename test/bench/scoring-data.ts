import { loadEmbeddedMarket } from "../../src/market/embedded-market.ts";
import { scoreStock, type Score } from "../../src/scoring/score.ts";
import type { ScoreInput } from "../../src/scoring/score-input.ts";

/** Trading days of ten years. */
export const DAYS = 2_520;

/** Days between two windows of one stock: 20 stocks in 25 windows are 500 histories, no two alike. */
const WINDOW_STEP = 80;

const market = loadEmbeddedMarket();

/** So many recorded ten-year histories, those from `first` on. */
export function scoreInputs(first: number, count: number): readonly ScoreInput[] {
  return Array.from({ length: count }, (_, index) => {
    const at = first + index;
    const symbol = market.symbols[at % market.symbols.length] ?? "";
    const start = Math.floor(at / market.symbols.length) * WINDOW_STEP;
    const daysMs = market.days.slice(start, start + DAYS);
    if (daysMs.length < DAYS) throw new Error(`the embedded market has no ten years for stock ${at}`);
    const closes = Float64Array.from(daysMs, (_day, day) => market.closeUsd(symbol, start + day) ?? Number.NaN);
    const nowMs = daysMs.at(-1) ?? 0;
    return { prices: { daysMs, closes, adjustedCloses: closes }, fundamentals: null, nowMs };
  });
}

export const scoreAll = (inputs: readonly ScoreInput[]): readonly Score[] => inputs.map(scoreStock);
