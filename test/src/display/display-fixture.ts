import { colours, type LedDisplay } from "../../../src/led/display.ts";

/** A primary's display in this epoch. */
export const displayOf = (epoch: number, node = "uno-a"): LedDisplay => ({
  mode: "normal",
  error_message: "",
  trade_is_buy: true,
  led3: colours.green,
  led4: colours.buy,
  ticker_text: "INVESTED 83% | BUY AAPL 2.5%",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node, epoch },
});
