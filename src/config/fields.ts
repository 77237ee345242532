import { z } from "zod";
import { appEnvironment } from "../app-environment.ts";
import { ledEnvironment } from "../led/led-settings.ts";
import { mqttEnvironment } from "../mqtt/mqtt-settings.ts";
import { notifyEnvironment } from "../notify/notifier.ts";
import { verifyEnvironment } from "./verify-environment.ts";

/** What a value is checked by; the text is the same in the file and in the environment. */
type Check = { safeParse(text: unknown): { readonly success: boolean } };

/** One setting of `trader.yml`; a variable of the environment means the same, and wins. */
export type Field = {
  /** Section and key, "leds.brightness". */
  readonly path: string;
  readonly variable: string;
  readonly check: Check;
  /** What to give, after "Give". */
  readonly wanted: string;
  /** What it does, in a line of the commented file. */
  readonly about: string;
  /** null: off where nothing is said. */
  readonly byDefault: string | null;
  /** An example where there is no default. */
  readonly example?: string;
  /** Whoever has the value can use it: never shown. */
  readonly hidden?: true;
};

const app = appEnvironment.shape;
const notify = notifyEnvironment.shape;
const mqtt = mqttEnvironment.shape;
const led = ledEnvironment.shape;
const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** All settings, in the order of the file. */
export const fields: readonly Field[] = [
  {
    path: "trading.exchangeUrl",
    variable: "TRADER_EXCHANGE_URL",
    check: app.TRADER_EXCHANGE_URL,
    wanted: 'an address such as "https://paper-api.alpaca.markets"',
    about: "Where orders go; without it the built-in paper broker has them. Its keys are in secrets.json.",
    byDefault: null,
    example: "https://paper-api.alpaca.markets",
  },
  {
    path: "trading.broker",
    variable: "TRADER_BROKER",
    check: app.TRADER_BROKER,
    wanted: "paper, or nothing",
    about:
      "The word paper means the built-in broker, whose orders are in the ledger, in place of the one of the address.",
    byDefault: null,
    example: "paper",
  },
  {
    path: "trading.exchangeMoney",
    variable: "TRADER_EXCHANGE_MONEY",
    check: app.TRADER_EXCHANGE_MONEY,
    wanted: "paper or real",
    about: 'Whose money orders at the address move; at the live host of Alpaca it is real. See "trader live".',
    byDefault: "paper",
  },
  {
    path: "trading.market",
    variable: "TRADER_MARKET",
    check: app.TRADER_MARKET,
    wanted: "embedded or yahoo",
    about: "Where prices come from: a table of US stocks until 2022 (embedded), or yahoo.",
    byDefault: "embedded",
  },
  {
    path: "trading.timeHosts",
    variable: "TRADER_TIME_HOSTS",
    check: app.TRADER_TIME_HOSTS,
    wanted: "two or more addresses that start with https://, with spaces between them",
    about: "By whose answers the clock is checked before anything is traded on the real market.",
    byDefault: "https://www.debian.org https://www.wikipedia.org",
  },
  {
    path: "alerts.webhookUrl",
    variable: "TRADER_WEBHOOK_URL",
    check: notify.TRADER_WEBHOOK_URL,
    wanted: "an address that starts with https:// or http://",
    about: "Gets JSON by POST when the other member dies or is back.",
    byDefault: null,
    example: "https://example.org/hook",
    hidden: true,
  },
  {
    path: "alerts.ntfyUrl",
    variable: "TRADER_NTFY_URL",
    check: notify.TRADER_NTFY_URL,
    wanted: "an address that starts with https:// or http://, with the topic",
    about: "A topic of ntfy that gets the same.",
    byDefault: null,
    example: "https://ntfy.sh/a-topic-nobody-guesses",
    hidden: true,
  },
  {
    path: "alerts.deadManUrl",
    variable: "TRADER_DEADMAN_URL",
    check: notify.TRADER_DEADMAN_URL,
    wanted: "an address that starts with https:// or http://",
    about: "Called every minute while this node leads: a monitor outside raises the alarm when the calls stop.",
    byDefault: null,
    example: "https://example.org/ping",
    hidden: true,
  },
  {
    path: "mqtt.url",
    variable: "TRADER_MQTT_URL",
    check: mqtt.TRADER_MQTT_URL,
    wanted: 'an address such as "mqtt://192.168.1.5:1883"',
    about: "The broker; without it there is no MQTT. mqttUser and mqttPassword are in secrets.json.",
    byDefault: null,
    example: "mqtt://192.168.1.5:1883",
  },
  {
    path: "mqtt.discovery",
    variable: "TRADER_MQTT_DISCOVERY",
    check: mqtt.TRADER_MQTT_DISCOVERY,
    wanted: "a topic such as homeassistant",
    about: "The topic that Home Assistant listens under.",
    byDefault: "homeassistant",
  },
  {
    path: "leds.mode",
    variable: "TRADER_LEDS",
    check: led.TRADER_LEDS,
    wanted: "auto or off",
    about: "off leaves every lamp alone.",
    byDefault: "auto",
  },
  {
    path: "leds.brightness",
    variable: "TRADER_LED_BRIGHTNESS",
    check: led.TRADER_LED_BRIGHTNESS,
    wanted: "a whole number from 0 to 255",
    about: "0 to 255.",
    byDefault: "150",
  },
  {
    path: "leds.quiet",
    variable: "TRADER_LED_QUIET",
    check: led.TRADER_LED_QUIET,
    wanted: "two hours such as 22-7",
    about: "Hours of local time in which only what matters is shown, dimly.",
    byDefault: null,
    example: "22-7",
  },
  {
    path: "leds.routerSocket",
    variable: "ARDUINO_ROUTER_SOCKET",
    check: led.ARDUINO_ROUTER_SOCKET,
    wanted: "the path of a socket",
    about: "Where the board's microcontroller is reached.",
    byDefault: "/var/run/arduino-router.sock",
  },
  {
    path: "leds.sysfs",
    variable: "TRADER_SYSFS_LEDS",
    check: led.TRADER_SYSFS_LEDS,
    wanted: "the path of a folder",
    about: "Where the kernel's lamps are.",
    byDefault: "/sys/class/leds",
  },
  {
    path: "verify.everyHours",
    variable: "TRADER_VERIFY_HOURS",
    check: verifyEnvironment.shape.TRADER_VERIFY_HOURS,
    wanted: "a whole number of hours from 1 to 999, or off",
    about: "How often a standby restores its copy and compares it with what the primary has; off: by hand only.",
    byDefault: "24",
  },
  {
    path: "log.level",
    variable: "TRADER_LOG_LEVEL",
    check: z.enum(levels),
    wanted: `one of ${levels.join(", ")}`,
    about: "How much is logged: trace, debug, info, warn, error, fatal or silent.",
    byDefault: "info",
  },
];
