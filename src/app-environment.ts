import { z } from "zod";

/** What an app takes from its environment, besides what LEDs, MQTT and alerts do. */
export const appEnvironment = z.object({
  TRADER_EXCHANGE_URL: z
    .url({ protocol: /^https?$/ })
    .transform((text) => text.replace(/\/+$/, ""))
    .optional(),
  TRADER_BROKER_KEY_ID: z.string().min(1).default("demo"),
  TRADER_BROKER_SECRET: z.string().min(1).default("demo"),
  TRADER_MARKET: z.enum(["embedded", "yahoo"]).default("embedded"),
});
