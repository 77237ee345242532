import { expect, test } from "vitest";
import { commentedFile } from "../../../src/config/commented-file.ts";
import { fields } from "../../../src/config/fields.ts";
import { nearest } from "../../../src/config/nearest.ts";
import { inForce, problemLine } from "../../../src/config/read-settings.ts";
import { parseSettings } from "../../../src/config/settings-file.ts";

const linesOf = (text: string): string[] => parseSettings(text).problems.map((each) => problemLine("/d", each));
const givenBy = (text: string): Record<string, string> =>
  Object.fromEntries(parseSettings(text).given.map(({ field, text: value }) => [field.variable, value]));

test("a whole file becomes what the environment would have said", () => {
  const text = `# ours
trading:
  exchangeUrl: https://paper-api.alpaca.markets
  market: yahoo
leds:
  mode: off
  brightness: 40
  quiet: 22-7
alerts: # later
mqtt: { url: "mqtt://192.168.1.5:1883" }
`;
  expect(linesOf(text)).toEqual([]);
  expect(givenBy(text)).toEqual({
    TRADER_EXCHANGE_URL: "https://paper-api.alpaca.markets",
    TRADER_MARKET: "yahoo",
    TRADER_LEDS: "off",
    TRADER_LED_BRIGHTNESS: "40",
    TRADER_LED_QUIET: "22-7",
    TRADER_MQTT_URL: "mqtt://192.168.1.5:1883",
  });
});

test.each([
  ["leds:\n  brightness: 300", 'leds.brightness: "300" makes no sense. Give a whole number from 0 to 255.', 2],
  ["leds:\n  brightness: 1e2", 'leds.brightness: "1e2" makes no sense. Give a whole number from 0 to 255.', 2],
  ["leds:\n\n  brigthness: 30", 'leds.brigthness: is not known. Did you mean "brightness"?', 3],
  ["led:\n  brightness: 30", 'led: is not known. Did you mean "leds"?', 1],
  ["trading:\n  exchange_url: http://a", 'trading.exchange_url: is not known. Did you mean "exchangeUrl"?', 2],
  ["market: yahoo", 'market: is not known. Did you mean "market" under "trading"?', 1],
  ["log:\n  colour: red", 'log.colour: is not known. Under "log" there are level.', 2],
  ["leds:\n  quiet: [22, 7]", "leds.quiet: is not a single value. Give two hours such as 22-7.", 2],
  [
    "trading:\n  market: &a yahoo\nlog:\n  level: *a",
    "log.level: is not a single value. Give one of trace, debug, ",
    4,
  ],
  ["mqtt:\n  mqttPassword: x", "mqtt.mqttPassword: is not known. Secrets are in secrets.json (0600), never here.", 2],
  ["brokerSecret: x", "brokerSecret: is not known. Secrets are in secrets.json (0600), never here.", 1],
  ["mqtt:\n  url: mqtt://me:pw@host", "mqtt.url: carries a user or password. Secrets are in secrets.json", 2],
  ["alerts:\n  ntfyUrl: ftp://hush", "alerts.ntfyUrl: its value makes no sense. Give an address that starts with", 2],
  ["- a\n- b", "the whole file: is not a list of keys with values. Write lines such as", 1],
  ["leds: bright", "leds: is not a list of keys with values. Write lines such as", 1],
  ["log:\n  level: info\n  level: warn", "YAML: the same key twice. Keep one of them.", 3],
  ["log:\n  level: 'info", "YAML: Missing closing 'quote. Write lines such as", 2],
  ["log: {}\n---\nlog: {}", "YAML: Source contains multiple documents", 2],
  ["? [a]\n: b", "YAML: ", 1],
  ["[".repeat(60_000), "YAML: Maximum call stack size exceeded. ", 1],
  ["#".repeat(70_000), "the whole file: is longer than 65536 letters. ", 1],
])("refused in one line: %1$s", (text, sentence, line) => {
  const [first, ...more] = linesOf(text);
  expect(first).toContain(`/d/trader.yml:${line}: ${sentence}`);
  expect(more).toEqual([]);
  expect(parseSettings(text).given).toEqual([]);
});

test("all mistakes are said at once, by line; a value that is hidden is not repeated", () => {
  const text = "leds:\n  brightness: -1\n  mode: on\nalerts:\n  webhookUrl: hush\nlgo:\n";
  const lines = linesOf(text);
  expect(lines.map((line) => /:(\d+): ([\w.]+):/.exec(line)?.slice(1))).toEqual([
    ["2", "leds.brightness"],
    ["3", "leds.mode"],
    ["5", "alerts.webhookUrl"],
    ["6", "lgo"],
  ]);
  expect(lines.join("")).not.toContain("hush");
});

test("the commented file changes nothing, and is right with every # taken away", () => {
  expect(parseSettings(commentedFile())).toEqual({ given: [], problems: [] });
  const all = commentedFile().replaceAll(/^ {2}# (\w+: )/gm, "  $1");
  expect(linesOf(all)).toEqual([]);
  expect(Object.keys(givenBy(all))).toEqual(fields.map(({ variable }) => variable));
});

test("a default is one that the check takes; what is off by default has an example", () => {
  for (const { path, check, byDefault, example } of fields)
    expect([path, check.safeParse(byDefault ?? example).success]).toEqual([path, true]);
});

test("the environment wins over the file, the file over the default", () => {
  const file = parseSettings("leds:\n  brightness: 40\n  mode: off");
  const rows = inForce(file, { TRADER_LED_BRIGHTNESS: "90" }).filter(({ field }) => field.path.startsWith("leds."));
  expect(rows.map(({ field, text, source }) => [field.path, text, source])).toEqual([
    ["leds.mode", "off", "trader.yml:3"],
    ["leds.brightness", "90", "environment: TRADER_LED_BRIGHTNESS"],
    ["leds.quiet", null, "default"],
    ["leds.routerSocket", "/var/run/arduino-router.sock", "default"],
    ["leds.sysfs", "/sys/class/leds", "default"],
  ]);
});

test("nearest: a slip of a finger is found, another word is not", () => {
  const known = ["brightness", "quiet", "mode"];
  expect(["brihgtness", "BRIGHTNESS", "quite", "mod", "brightness_"].map((word) => nearest(word, known))).toEqual([
    "brightness",
    "brightness",
    "quiet",
    "mode",
    "brightness",
  ]);
  expect(["", "x", "colour", "bright"].map((word) => nearest(word, known))).toEqual([null, null, null, null]);
});
