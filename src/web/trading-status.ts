import { z } from "zod";
import type { TradingState } from "../trading/trading-state.ts";
import { withoutAmounts } from "./status.ts";

const instant = z.iso.datetime().nullable();

const lockSchema = z.object({
  name: z.string(),
  blocks: z.enum(["buys", "sells", "all"]),
  /** Null: every stock. */
  symbol: z.string().nullable(),
  reason: z.string(),
  since: z.iso.datetime(),
  /** Null: until what `ends` says. */
  until: instant,
  ends: z.string(),
});

/** What `GET /api/trading` answers. Instants are the app's clock. */
export const tradingSchema = z.object({
  /** Null before a broker was asked. */
  mode: z.enum(["research", "live"]).nullable(),
  broker: z.string().nullable(),
  /** Broker, account and mode; null for whoever may see no amounts. */
  book: z.string().nullable(),
  /** Why the switches cannot be read, and nothing is traded; null: they can. */
  unreadable: z.string().nullable(),
  pauseBuysSince: instant,
  stopEverythingSince: instant,
  whenDetached: z.enum(["available", "strict"]).nullable(),
  /** Live trading as it is switched on; null: it is off. The limits are null for whoever may see no amounts. */
  live: z
    .object({ orderEurMax: z.number().nullable(), dayEurMax: z.number().nullable(), since: z.iso.datetime() })
    .nullable(),
  locks: z.array(lockSchema),
});
export type ShownTrading = z.infer<typeof tradingSchema>;

const switches = ["pause-buys", "stop-everything"] as const;
export const switchSchema = z.enum(switches, `one of ${switches.join(", ")}`);
/** Whether it is a switch that pages and scripts may set. */
export const isSwitch = (name: string): name is z.infer<typeof switchSchema> => switchSchema.safeParse(name).success;

const text = (ms: number): string => new Date(ms).toISOString();
const textOrNull = (ms: number | null): string | null => (ms === null ? null : text(ms));

/** The state of the trading as this caller may see it. */
export function shownTrading({ mode, broker, book, controls, locks }: TradingState, amounts: boolean): ShownTrading {
  const read = controls.kind === "read" ? controls.value : null;
  const live = read?.live ?? null;
  return {
    mode,
    broker,
    book: amounts && book !== "" ? book : null,
    unreadable: controls.kind === "failed" ? controls.reason : null,
    pauseBuysSince: textOrNull(read?.pauseBuysSinceMs ?? null),
    stopEverythingSince: textOrNull(read?.stopSinceMs ?? null),
    whenDetached: read?.whenDetached ?? null,
    live: live && {
      orderEurMax: amounts ? live.orderEurMax : null,
      dayEurMax: amounts ? live.dayEurMax : null,
      since: text(live.sinceMs),
    },
    locks: locks.map(({ sinceMs, untilMs, reason, ...lock }) => ({
      ...lock,
      reason: amounts ? reason : withoutAmounts(reason),
      since: text(sinceMs),
      until: textOrNull(untilMs),
    })),
  };
}
