import { z } from "zod";
import { HOSTS_NEEDED } from "./right-time/time-rule.ts";

/** What an app takes from its environment, besides what LEDs, MQTT and alerts do. */
export const appEnvironment = z.object({
  TRADER_EXCHANGE_URL: z
    .url({ protocol: /^https?$/ })
    .transform((text) => text.replace(/\/+$/, ""))
    .optional(),
  /** "paper": the built-in one, which is also the one without a URL. */
  TRADER_BROKER: z.literal("paper").optional(),
  /** Whose money orders at the URL move; Alpaca's live host is real whatever is said here. */
  TRADER_EXCHANGE_MONEY: z.enum(["paper", "real"]).default("paper"),
  TRADER_BROKER_KEY_ID: z.string().min(1).default("demo"),
  TRADER_BROKER_SECRET: z.string().min(1).default("demo"),
  TRADER_MARKET: z.enum(["embedded", "yahoo"]).default("embedded"),
  /** Two or more, by whose `Date` header the wall clock is checked before anything is traded on the real market. */
  TRADER_TIME_HOSTS: z
    .string()
    .default("https://www.debian.org https://www.wikipedia.org")
    .transform((text) => text.split(/\s+/).filter((host) => host !== ""))
    .pipe(z.array(z.url({ protocol: /^https$/ })).min(HOSTS_NEEDED)),
});
