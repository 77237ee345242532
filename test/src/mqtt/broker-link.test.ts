import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import { BrokerLink } from "../../../src/mqtt/broker-link.ts";
import { MqttOutput } from "../../../src/mqtt/mqtt-output.ts";
import { displayOf } from "../display/display-fixture.ts";
import { FakeBroker } from "./fake-broker.ts";
import { primaryFacts, standbyFacts } from "./mqtt-fixture.ts";

const times = { connectMs: 100, sendMs: 150, keepaliveMs: 10_000, backoffMs: [20, 40, 80] };
const patience = { timeout: 10_000 };

let broker: FakeBroker;
const ends: (() => unknown)[] = [];
beforeEach(async () => {
  broker = new FakeBroker();
  await broker.start();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await broker.stop();
});

function link() {
  const lines: string[] = [];
  const made = new BrokerLink({
    address: { url: `mqtt://127.0.0.1:${broker.port}`, user: null, password: null },
    clientId: "t",
    log: pino({}, { write: (line: string) => void lines.push(line) }),
    onConnected: () => [{ topic: "first", payload: "hello", retain: true }],
    times,
  });
  const done = made.run();
  ends.push(() => {
    made.stop();
    return done;
  });
  return { made, lines, done };
}
const payloadsOf = (topic: string): string[] =>
  broker.received.filter((message) => message.topic === topic).map(({ payload }) => payload);

test("a thousand messages on a topic are a handful on the wire, and the newest is the last", async () => {
  const { made } = link();
  await expect.poll(() => payloadsOf("first"), patience).toEqual(["hello"]);
  for (let n = 1; n <= 1_000; n++) made.publish({ topic: "t", payload: String(n), retain: true });
  await expect.poll(() => payloadsOf("t").at(-1), patience).toBe("1000");
  expect(payloadsOf("t").length).toBeLessThanOrEqual(3);
});

test("a connection that is lost is made again, and begins with everything", async () => {
  const { lines } = link();
  await expect.poll(() => payloadsOf("first"), patience).toHaveLength(1);
  broker.drop();
  await expect.poll(() => payloadsOf("first"), patience).toHaveLength(2);
  expect(lines.filter((line) => line.includes("not there"))).toHaveLength(1);
});

test("a broker that never answers costs a time limit each, ever more seldom, and keeps nothing", async () => {
  broker.behaviour = "silent";
  const { made, lines } = link();
  await expect.poll(() => broker.connections, patience).toBeGreaterThanOrEqual(3);
  made.publish({ topic: "t", payload: "1", retain: true });
  expect(broker.open).toBeLessThanOrEqual(1);
  expect(lines).toHaveLength(1);
  broker.behaviour = "take";
  await expect.poll(() => payloadsOf("first").length, patience).toBeGreaterThanOrEqual(1);
  expect(payloadsOf("t")).toEqual([]);
});

test("a broker that takes the connection and reads nothing is dropped; the sender waits for nobody", async () => {
  broker.behaviour = "deaf";
  const { made } = link();
  const big = "x".repeat(1_000_000);
  let sent = 0;
  await expect
    .poll(() => {
      for (let topic = 0; topic < 20; topic++) made.publish({ topic: `t${topic}`, payload: big, retain: true });
      sent += 20;
      return broker.connections;
    }, patience)
    .toBeGreaterThanOrEqual(2);
  expect(sent).toBeGreaterThan(20);
});

test("without a broker it says so once, and ends when it is stopped", async () => {
  const { port } = broker;
  await broker.stop();
  const { made, lines, done } = link();
  await expect.poll(() => lines.length, patience).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(lines).toHaveLength(1);
  made.stop();
  await done;
  broker = new FakeBroker();
  broker.port = port;
  await broker.start();
});

test("a node publishes its state at once, and the pair, portfolio and display only while it leads", async () => {
  let facts = standbyFacts;
  const output = new MqttOutput({
    cluster: "home",
    node: "uno-b",
    settings: {
      url: `mqtt://127.0.0.1:${broker.port}`,
      user: null,
      password: null,
      discoveryPrefix: "homeassistant",
    },
    facts: () => facts,
    display: () => (facts.portfolio === null ? null : displayOf(4)),
    log: pino({ level: "silent" }),
    times,
  });
  const done = output.run();
  ends.push(() => {
    output.stop();
    return done;
  });
  await expect.poll(() => payloadsOf("trader/home/nodes/uno-b/health"), patience).toHaveLength(1);
  expect(payloadsOf("trader/home/nodes/uno-b/status")).toEqual(["online"]);
  const ofPrimary = (): string[] =>
    broker.received.map(({ topic }) => topic).filter((topic) => /\/(pair|portfolio|display)$/.test(topic));
  expect(ofPrimary()).toEqual([]);
  facts = { ...primaryFacts, node: "uno-b" };
  await expect
    .poll(ofPrimary, patience)
    .toEqual(expect.arrayContaining(["trader/home/pair", "trader/home/portfolio", "trader/home/display"]));
  expect(broker.received.filter(({ topic }) => topic.endsWith("/display")).some(({ retain }) => retain)).toBe(false);
});

test("facts that cannot be had cost that time only", async () => {
  let broken = false;
  const output = new MqttOutput({
    cluster: "home",
    node: "uno-b",
    settings: { url: `mqtt://127.0.0.1:${broker.port}`, user: null, password: null, discoveryPrefix: "ha" },
    facts: () => {
      if (broken) throw new Error("the ledger is busy");
      return primaryFacts;
    },
    display: () => displayOf(4),
    log: pino({ level: "silent" }),
    times,
  });
  const done = output.run();
  ends.push(() => {
    output.stop();
    return done;
  });
  await expect.poll(() => payloadsOf("trader/home/pair").length, patience).toBeGreaterThanOrEqual(1);
  broken = true;
  const before = payloadsOf("trader/home/display").length;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  broken = false;
  await expect.poll(() => payloadsOf("trader/home/display").length, patience).toBeGreaterThan(before);
});
