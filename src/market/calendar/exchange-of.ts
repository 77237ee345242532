/** All that there are calendars of. */
export const EXCHANGES = [
  "XNYS",
  "XTSE",
  "XLON",
  "XETR",
  "XPAR",
  "XAMS",
  "XMIL",
  "XMAD",
  "XCSE",
  "XHKG",
  "XTKS",
  "XKRX",
] as const;

/** ISO 10383 code of an exchange with a calendar; New York's stands for Nasdaq too, whose hours are the same. */
export type Exchange = (typeof EXCHANGES)[number];

/** Whether there is a calendar of this code. */
export const isExchange = (code: string): code is Exchange => EXCHANGES.some((known) => known === code);

const BY_SUFFIX: ReadonlyMap<string, Exchange> = new Map([
  ["TO", "XTSE"],
  ["L", "XLON"],
  ["DE", "XETR"],
  ["PA", "XPAR"],
  ["AS", "XAMS"],
  ["MI", "XMIL"],
  ["MC", "XMAD"],
  ["CO", "XCSE"],
  ["HK", "XHKG"],
  ["T", "XTKS"],
  ["KS", "XKRX"],
]);

/**
 * Where a symbol of Yahoo's is listed, by its suffix; none means New York or Nasdaq. null: no calendar (another
 * exchange, an index, a currency, a coin), and so never known to be open.
 */
export function exchangeOf(yahooSymbol: string): Exchange | null {
  if (/^[A-Z]+(-[A-Z])?$/.test(yahooSymbol)) return "XNYS";
  const suffix = /^[A-Z0-9-]+\.([A-Z]+)$/.exec(yahooSymbol)?.[1];
  return suffix === undefined ? null : (BY_SUFFIX.get(suffix) ?? null);
}
