/** A wall clock's reading: the day such as `2026-11-26`, and minutes since its midnight. */
export type LocalTime = { readonly day: string; readonly minute: number };

const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock in this IANA time zone shows at an instant; throws on an unknown zone. */
export function localTime(zone: string, atMs: number): LocalTime {
  let format = formats.get(zone);
  if (format === undefined) {
    const [year, month, day, hour, minute] = ["numeric", "2-digit", "2-digit", "2-digit", "2-digit"] as const;
    format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year, month, day, hour, minute });
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const day = `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
  return { day, minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")) };
}

/**
 * The instant at which a clock in the zone shows this time. No exchange opens or closes in the hour that a change of
 * the clocks skips or repeats.
 */
export function instantOf(zone: string, day: string, minute: number): number {
  const wantedMs = Date.parse(`${day}T00:00:00Z`) + minute * MINUTE_MS;
  let atMs = wantedMs;
  // The first guess is off by the zone's offset, the second at most by a change of the clocks in between.
  for (let pass = 0; pass < 2; pass++) {
    const shown = localTime(zone, atMs);
    atMs += wantedMs - (Date.parse(`${shown.day}T00:00:00Z`) + shown.minute * MINUTE_MS);
  }
  return atMs;
}

/** The day after or, with -1, before. */
export const dayPlus = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 1440 * MINUTE_MS).toISOString().slice(0, 10);
