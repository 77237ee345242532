import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { ledDisplay } from "../led/display.ts";
import type { BrokerOptions } from "../mqtt/broker-link.ts";
import { topicsOf } from "../mqtt/messages.ts";
import { mqttSettings } from "../mqtt/mqtt-settings.ts";
import type { DisplayWatch } from "./watch.ts";

/** How a display hears pictures from a broker; throws where the address makes no sense. */
export function displaySubscription(url: string, cluster: string, watch: DisplayWatch, log: Logger): BrokerOptions {
  const { TRADER_MQTT_USER, TRADER_MQTT_PASSWORD } = process.env;
  const env = { TRADER_MQTT_URL: url, TRADER_MQTT_USER, TRADER_MQTT_PASSWORD };
  const address = mqttSettings(env, { error: () => undefined });
  if (address === null) throw new Error('--mqtt: give a broker\'s address such as "mqtt://192.168.1.5:1883"');
  return {
    address,
    clientId: `trader-display-${randomBytes(4).toString("hex")}`,
    log,
    hear: {
      topic: topicsOf(cluster).display,
      onPayload: (payload) => {
        const display = pictureIn(payload);
        if (display !== null) watch.heard("the broker", display);
      },
    },
  };
}

function pictureIn(payload: string): ReturnType<typeof ledDisplay.parse> | null {
  try {
    return ledDisplay.safeParse(JSON.parse(payload)).data ?? null;
  } catch {
    return null;
  }
}
