import { z } from "zod";

/** Red, green, blue, each 0..255; LED 4 of the board can only be on or off. */
const rgb = z.tuple([z.int(), z.int(), z.int()]);
export type Rgb = z.infer<typeof rgb>;

/** What `GET /api/status/led/display` answers: percentages, or amounts where the display is paired. */
export const ledDisplay = z.object({
  mode: z.enum(["error", "activity", "normal"]),
  error_message: z.string(),
  trade_is_buy: z.boolean(),
  led3: rgb,
  led4: rgb,
  ticker_text: z.string(),
  activity_message: z.string(),
  /** Milliseconds that the text takes to move by one column. */
  ticker_speed: z.int().positive(),
  /** There and true in the first minute after this node took over. */
  takeover: z.boolean().optional(),
  drawn_by: z.object({ node: z.string(), epoch: z.int() }),
  /** For a caller who brought a display token: whether this node knows it. */
  token: z.enum(["known", "unknown"]).optional(),
});
export type LedDisplay = z.infer<typeof ledDisplay>;

export const colours = {
  off: [0, 0, 0],
  green: [0, 255, 0],
  blue: [0, 0, 255],
  red: [255, 0, 0],
  yellow: [255, 180, 0],
  cyan: [0, 180, 180],
  magenta: [255, 0, 255],
  buy: [0, 100, 255],
  sell: [255, 165, 0],
} as const satisfies Record<string, Rgb>;

/** What a node knows at the moment its display is asked for. */
export type LedFacts = {
  readonly node: string;
  readonly epoch: number;
  readonly role: "primary" | "standby";
  /** Name or address of the primary; null when a standby knows of none. */
  readonly leader: string | null;
  /** In force and met: the other node holds what is confirmed. */
  readonly protectedNow: boolean;
  /** Transactions that a standby has not received yet; null when unknown, and on a primary. */
  readonly behindTxids?: number | null;
  /** In the minute after this node took over: from whom. */
  readonly tookOverFrom?: string | null;
  readonly errors: readonly string[];
  readonly activity: string | null;
  readonly lastTrade: "buy" | "sell" | null;
  /** Share of the portfolio that is invested, 0..1; null when unknown. */
  readonly investedShare: number | null;
  /** Only for whoever is paired: positions and cash together, and the cash, in this currency. */
  readonly money?: { readonly currency: string; readonly value: number | null; readonly cash: number | null };
  /** Next or newest actions, e.g. "BUY AAPL 4.9%". */
  readonly actions: readonly string[];
};

const tickerSpeedMs = 50;
const actionsMax = 3;

/**
 * error > activity > ticker; a takeover is an activity, and an error does not hide it. LED 3 is the node's state (green,
 * blue on a standby, yellow when the pair is unprotected or nobody leads, red on an error, magenta after a takeover), LED 4
 * the direction of the newest trade.
 */
export function ledDisplayOf(facts: LedFacts): LedDisplay {
  const takeover = facts.tookOverFrom != null && facts.role === "primary";
  const activity = takeover ? takeoverText(facts) : facts.activity;
  const mode = facts.errors.length === 0 ? (activity === null ? "normal" : "activity") : "error";
  const trade = facts.role === "primary" ? facts.lastTrade : null;
  return {
    mode,
    error_message: (takeover && mode === "error" ? [activity, ...facts.errors] : facts.errors)
      .join(" | ")
      .toUpperCase(),
    trade_is_buy: trade === "buy",
    led3: mode === "error" ? colours.red : takeover ? colours.magenta : stateColour(facts),
    led4: takeover ? colours.magenta : trade === null ? colours.off : colours[trade],
    ticker_text: facts.role === "standby" ? standbyTicker(facts) : primaryTicker(facts),
    activity_message: activity ?? "",
    ticker_speed: tickerSpeedMs,
    ...(takeover ? { takeover } : {}),
    drawn_by: { node: facts.node, epoch: facts.epoch },
  };
}

const takeoverText = ({ node, tookOverFrom, activity }: LedFacts): string =>
  [`${node} TOOK OVER FROM ${tookOverFrom}`, ...(activity === null ? [] : [activity])].join(" | ");

const stateColour = ({ role, protectedNow, leader }: LedFacts): Rgb =>
  !protectedNow || leader === null ? colours.yellow : role === "standby" ? colours.blue : colours.green;

const standbyTicker = ({ leader, behindTxids, protectedNow }: LedFacts): string =>
  [
    `STANDBY · ${leader === null ? "nobody leads" : `${leader} leads`}`,
    ...(protectedNow || leader === null ? [] : ["NOT IN SYNC"]),
    ...(behindTxids == null ? [] : [behindTxids === 0 ? "UP TO DATE" : `${behindTxids} BEHIND`]),
  ].join(" · ");

function primaryTicker(facts: LedFacts): string {
  const { investedShare, money } = facts;
  const amounts =
    money === undefined ? [] : [...named("VALUE", money.value, money), ...named("CASH", money.cash, money)];
  const shares =
    investedShare === null ? [] : [`INVESTED ${percent(investedShare)}`, `CASH ${percent(1 - investedShare)}`];
  const alone = facts.protectedNow ? [] : ["NO STANDBY"];
  const actions = facts.actions.length === 0 ? ["NOTHING TO DO"] : facts.actions.slice(0, actionsMax);
  return [...alone, ...(amounts.length > 0 ? amounts : shares), ...actions].join(" | ");
}

const named = (name: string, value: number | null, { currency }: { readonly currency: string }): readonly string[] =>
  value === null ? [] : [`${name} ${wholeAmount(value, currency)}`];

/** An amount without its cents: "$12,345", "EUR12,345": the dollar's is the one sign that every display can draw. */
export function wholeAmount(amount: number, currency: string): string {
  const whole = Math.round(Math.abs(amount));
  const sign = amount < 0 && whole > 0 ? "-" : "";
  return `${sign}${currency === "USD" ? "$" : currency}${whole.toLocaleString("en-US")}`;
}

/** A share as a percentage: "4.9%" below ten, "83%" from there. */
export const percent = (share: number): string => `${(share * 100).toFixed(Math.abs(share) < 0.0995 ? 1 : 0)}%`;
