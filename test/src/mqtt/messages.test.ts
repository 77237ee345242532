import { expect, test } from "vitest";
import { displayMessage, type MqttMessage, stateMessages, statusMessage } from "../../../src/mqtt/messages.ts";
import { mqttFacts } from "../../../src/mqtt/facts.ts";
import { mqttSettings } from "../../../src/mqtt/mqtt-settings.ts";
import { ledFacts } from "../../../src/led/facts.ts";
import { displayOf } from "../display/display-fixture.ts";
import { ledgerView, pair } from "../web/desk-fixture.ts";
import { primaryFacts, standbyFacts } from "./mqtt-fixture.ts";

const lines = (messages: readonly MqttMessage[]): string =>
  messages.map(({ topic, payload, retain }) => `${topic}${retain ? " (retained)" : ""}\n  ${payload}\n`).join("");

test("what both nodes publish", async () => {
  const text = [
    "A primary\n",
    lines([statusMessage("home", "uno-a", "online"), ...stateMessages("home", primaryFacts)]),
    lines([displayMessage("home", displayOf(4))]),
    "\nA standby, which says nothing of the portfolio\n",
    lines([statusMessage("home", "uno-b", "online"), ...stateMessages("home", standbyFacts)]),
    "\nIts last will\n",
    lines([statusMessage("home", "uno-b", "offline")]),
    "\nA primary alone, that knows no figures yet\n",
    lines(
      stateMessages("home", {
        ...primaryFacts,
        inSync: ["uno-a"],
        lagTxids: null,
        portfolio: { investedShare: null, positions: 0, actions: [], errors: ["price sync failed"], lastTrade: null },
      }),
    ),
  ].join("");
  await expect(text).toMatchFileSnapshot("golden/messages.txt");
});

test("a node whose lease does not run publishes neither pair nor portfolio, and nobody any amounts", () => {
  const inputs = { node: "uno-a", pair, open: { epoch: 3, ledger: ledgerView }, activity: null, realSinceMs: () => 0 };
  const led = ledFacts(inputs);
  const known = mqttFacts({ node: "uno-a", pair, led, ledger: ledgerView });
  expect(known).toMatchObject({ role: "primary", portfolio: { investedShare: 0.0275, positions: 1 } });
  expect(lines(stateMessages("home", known))).not.toMatch(/\$|97.?250|100.?000/);
  const over = mqttFacts({ node: "uno-a", pair, led, ledger: null });
  expect(stateMessages("home", over).map(({ topic }) => topic)).toEqual(["trader/home/nodes/uno-a/health"]);
});

test("settings come from the environment; a wrong one is named without its value and switches MQTT off", () => {
  const said: string[] = [];
  const log = { error: (details: unknown) => void said.push(JSON.stringify(details)) };
  const given = { TRADER_MQTT_URL: "mqtt://10.0.0.9:1883", TRADER_MQTT_USER: "trader", TRADER_MQTT_PASSWORD: "hush" };
  expect(mqttSettings({}, log)).toBeNull();
  expect(mqttSettings(given, log)).toEqual({
    url: "mqtt://10.0.0.9:1883",
    user: "trader",
    password: "hush",
    discoveryPrefix: "homeassistant",
  });
  expect(said).toEqual([]);
  expect(mqttSettings({ ...given, TRADER_MQTT_URL: "http://hush@x" }, log)).toBeNull();
  expect(mqttSettings({ ...given, TRADER_MQTT_DISCOVERY: "a/#" }, log)).toBeNull();
  expect(said).toHaveLength(2);
  expect(said.join()).toContain("TRADER_MQTT_URL");
  expect(said.join()).not.toContain("hush");
});
