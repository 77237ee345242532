import type { Logger } from "pino";
import { z } from "zod";
import type { LightSettings } from "./light.ts";

/** The variables of the LEDs. */
export const ledEnvironment = z.object({
  TRADER_LEDS: z.enum(["auto", "off"]).default("auto"),
  /** The name that the router itself reads. */
  ARDUINO_ROUTER_SOCKET: z.string().min(1).default("/var/run/arduino-router.sock"),
  TRADER_SYSFS_LEDS: z.string().min(1).default("/sys/class/leds"),
  TRADER_LED_BRIGHTNESS: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().max(255))
    .default(150),
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

/**
 * Where the board's LEDs are and how bright. A variable that makes no sense is named in the log and leaves the LEDs
 * alone: it is no reason not to trade.
 */
export function ledSettings(
  env: Readonly<Record<string, string | undefined>>,
  log: Pick<Logger, "error">,
): LedSettings {
  const parsed = ledEnvironment.safeParse(env);
  if (!parsed.success) log.error({ reason: z.prettifyError(parsed.error) }, "LEDs are off: a setting makes no sense");
  const given = parsed.data ?? ledEnvironment.parse({ TRADER_LEDS: "off" });
  const [fromHour, toHour] = given.TRADER_LED_QUIET?.split("-").map(Number) ?? [];
  return {
    enabled: given.TRADER_LEDS === "auto",
    routerSocket: given.ARDUINO_ROUTER_SOCKET,
    sysfsRoot: given.TRADER_SYSFS_LEDS,
    light: {
      brightness: given.TRADER_LED_BRIGHTNESS,
      quiet: fromHour === undefined || toHour === undefined ? null : { fromHour, toHour },
    },
  };
}
