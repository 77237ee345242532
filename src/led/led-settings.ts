import { z } from "zod";
import type { LightSettings } from "./light.ts";

const environment = z.object({
  TRADER_LEDS: z.enum(["auto", "off"]).default("auto"),
  /** The name that the router itself reads. */
  ARDUINO_ROUTER_SOCKET: z.string().min(1).default("/var/run/arduino-router.sock"),
  TRADER_SYSFS_LEDS: z.string().min(1).default("/sys/class/leds"),
  TRADER_LED_BRIGHTNESS: z.coerce.number().int().min(0).max(255).default(150),
  /** Hours of local time, "22-7". */
  TRADER_LED_QUIET: z
    .string()
    .regex(/^([01]?\d|2[0-3])-([01]?\d|2[0-3])$/, 'TRADER_LED_QUIET is two hours, e.g. "22-7"')
    .optional(),
});

export type LedSettings = {
  readonly enabled: boolean;
  readonly routerSocket: string;
  readonly sysfsRoot: string;
  readonly light: LightSettings;
};

/** Where the board's LEDs are and how bright; throws with the name of a variable that makes no sense. */
export function ledSettings(env: Readonly<Record<string, string | undefined>>): LedSettings {
  const parsed = environment.parse(env);
  const [fromHour, toHour] = parsed.TRADER_LED_QUIET?.split("-").map(Number) ?? [];
  return {
    enabled: parsed.TRADER_LEDS === "auto",
    routerSocket: parsed.ARDUINO_ROUTER_SOCKET,
    sysfsRoot: parsed.TRADER_SYSFS_LEDS,
    light: {
      brightness: parsed.TRADER_LED_BRIGHTNESS,
      quiet: fromHour === undefined || toHour === undefined ? null : { fromHour, toHour },
    },
  };
}
