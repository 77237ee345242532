import type { Logger } from "pino";
import { z } from "zod";

/** The variables of MQTT. */
export const mqttEnvironment = z.object({
  TRADER_MQTT_URL: z.url({ protocol: /^mqtts?$/ }).optional(),
  TRADER_MQTT_USER: z.string().min(1).optional(),
  TRADER_MQTT_PASSWORD: z.string().optional(),
  /** What Home Assistant listens under. */
  TRADER_MQTT_DISCOVERY: z
    .string()
    .regex(/^[\w-]+(\/[\w-]+)*$/, "a topic such as homeassistant")
    .default("homeassistant"),
});

export type BrokerAddress = { readonly url: string; readonly user: string | null; readonly password: string | null };
export type MqttSettings = BrokerAddress & { readonly discoveryPrefix: string };

/**
 * The broker to publish to; null where none is set. A variable that makes no sense is named in the log, never with
 * its value, and leaves MQTT off: it is no reason not to trade.
 */
export function mqttSettings(
  env: Readonly<Record<string, string | undefined>>,
  log: Pick<Logger, "error">,
): MqttSettings | null {
  const parsed = mqttEnvironment.safeParse(env);
  if (!parsed.success) log.error({ reason: z.prettifyError(parsed.error) }, "MQTT is off: a setting makes no sense");
  const given = parsed.data;
  if (given?.TRADER_MQTT_URL === undefined) return null;
  return {
    url: given.TRADER_MQTT_URL,
    user: given.TRADER_MQTT_USER ?? null,
    password: given.TRADER_MQTT_PASSWORD ?? null,
    discoveryPrefix: given.TRADER_MQTT_DISCOVERY,
  };
}
