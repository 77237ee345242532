import { z } from "zod";

/** Red, green, blue, each 0..255; LED 4 of the board can only be on or off. */
const rgb = z.tuple([z.int(), z.int(), z.int()]);
export type Rgb = z.infer<typeof rgb>;

/** What `GET /api/status/led/display` answers. Percentages only: a display need not be paired to read it. */
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
  drawn_by: z.object({ node: z.string(), epoch: z.int() }),
});
export type LedDisplay = z.infer<typeof ledDisplay>;

export const colours = {
  off: [0, 0, 0],
  green: [0, 255, 0],
  blue: [0, 0, 255],
  red: [255, 0, 0],
  yellow: [255, 180, 0],
  cyan: [0, 180, 180],
  buy: [0, 100, 255],
  sell: [255, 165, 0],
} as const satisfies Record<string, Rgb>;

/** What a node knows at the moment its display is asked for. */
export type LedFacts = {
  readonly node: string;
  readonly epoch: number;
  readonly role: "primary" | "standby";
  /** Name or address of the primary that a standby knows. */
  readonly leader: string | null;
  /** In force and met: the other node holds what is confirmed. */
  readonly protectedNow: boolean;
  readonly errors: readonly string[];
  readonly activity: string | null;
  readonly lastTrade: "buy" | "sell" | null;
  /** Share of the portfolio that is invested, 0..1; null when unknown. */
  readonly investedShare: number | null;
  /** Next or newest actions, e.g. "BUY AAPL 4.9%". */
  readonly actions: readonly string[];
};

const tickerSpeedMs = 50;
const actionsMax = 3;

/** error > activity > ticker. LED 3 is the node's state, LED 4 the direction of the newest trade. */
export function ledDisplayOf(facts: LedFacts): LedDisplay {
  const error = facts.errors[0];
  const mode = error === undefined ? (facts.activity === null ? "normal" : "activity") : "error";
  const state =
    mode === "error"
      ? colours.red
      : facts.role === "standby"
        ? colours.blue
        : facts.protectedNow
          ? colours.green
          : colours.yellow;
  const trade = facts.role === "primary" ? facts.lastTrade : null;
  return {
    mode,
    error_message: facts.errors.join(" | ").toUpperCase(),
    trade_is_buy: trade === "buy",
    led3: state,
    led4: trade === null ? colours.off : colours[trade],
    ticker_text: facts.role === "standby" ? standbyTicker(facts) : primaryTicker(facts),
    activity_message: facts.activity ?? "",
    ticker_speed: tickerSpeedMs,
    drawn_by: { node: facts.node, epoch: facts.epoch },
  };
}

const standbyTicker = (facts: LedFacts): string =>
  `STANDBY · ${facts.leader === null ? "nobody leads" : `${facts.leader} leads`}`;

function primaryTicker(facts: LedFacts): string {
  const invested = facts.investedShare === null ? [] : [`INVESTED ${percent(facts.investedShare)}`];
  const cash = facts.investedShare === null ? [] : [`CASH ${percent(1 - facts.investedShare)}`];
  const alone = facts.protectedNow ? [] : ["NO STANDBY"];
  const actions = facts.actions.length === 0 ? ["NOTHING TO DO"] : facts.actions.slice(0, actionsMax);
  return [...alone, ...invested, ...cash, ...actions].join(" | ");
}

/** A share as a percentage: "4.9%" below ten, "83%" from there. */
export const percent = (share: number): string => `${(share * 100).toFixed(Math.abs(share) < 0.0995 ? 1 : 0)}%`;
