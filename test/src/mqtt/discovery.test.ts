import { expect, test } from "vitest";
import { z } from "zod";
import { nodeDiscovery, pairDiscovery } from "../../../src/mqtt/discovery.ts";
import { type MqttMessage, stateMessages, statusMessage } from "../../../src/mqtt/messages.ts";
import { primaryFacts, standbyFacts } from "./mqtt-fixture.ts";

/**
 * What Home Assistant documents for discovered entities, as of its pages "MQTT", "MQTT Sensor" and "MQTT Binary
 * Sensor": required keys, allowed keys, and what it refuses in combination.
 */
const topic = z.string().regex(/^[^#+\0]+$/);
const template = z.string().regex(/^\{\{ .+ \}\}$/);
const availability = z.strictObject({
  topic,
  payload_available: z.string().optional(),
  payload_not_available: z.string().optional(),
  value_template: template.optional(),
});
const device = z
  .strictObject({
    identifiers: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    connections: z.array(z.tuple([z.string(), z.string()])).optional(),
    configuration_url: z.url().optional(),
    hw_version: z.string().optional(),
    manufacturer: z.string().optional(),
    model: z.string().optional(),
    model_id: z.string().optional(),
    name: z.string().optional(),
    serial_number: z.string().optional(),
    suggested_area: z.string().optional(),
    sw_version: z.string().optional(),
    via_device: z.string().optional(),
  })
  .refine(({ identifiers, connections }) => identifiers !== undefined || connections !== undefined);
const common = {
  state_topic: topic,
  // Only entities with one can be changed or removed in the user interface; a device needs it.
  unique_id: z.string().min(1),
  name: z.string().nullable(),
  device,
  origin: z.strictObject({ name: z.string(), sw_version: z.string().optional(), support_url: z.url().optional() }),
  availability: z.array(availability).optional(),
  availability_mode: z.enum(["all", "any", "latest"]).optional(),
  enabled_by_default: z.boolean().optional(),
  encoding: z.string().optional(),
  entity_category: z.enum(["config", "diagnostic"]).optional(),
  entity_picture: z.string().optional(),
  default_entity_id: z.string().optional(),
  expire_after: z.int().nonnegative().optional(),
  force_update: z.boolean().optional(),
  icon: z.string().startsWith("mdi:").optional(),
  json_attributes_template: template.optional(),
  json_attributes_topic: topic.optional(),
  qos: z.int().min(0).max(2).optional(),
  value_template: template.optional(),
};
const sensor = z
  .strictObject({
    ...common,
    device_class: z.literal("enum").optional(),
    last_reset_value_template: template.optional(),
    options: z.array(z.string()).min(1).optional(),
    state_class: z.enum(["measurement", "measurement_angle", "total", "total_increasing"]).optional(),
    suggested_display_precision: z.int().nonnegative().optional(),
    unit_of_measurement: z.string().optional(),
  })
  .refine((config) => config.options === undefined || config.device_class === "enum")
  .refine((config) => config.options === undefined || (config.state_class ?? config.unit_of_measurement) === undefined);
const binarySensor = z.strictObject({
  ...common,
  device_class: z.enum(["connectivity", "problem", "running", "safety", "power", "plug"]).optional(),
  off_delay: z.int().positive().optional(),
  payload_on: z.string().optional(),
  payload_off: z.string().optional(),
});
const configTopic = /^homeassistant\/(sensor|binary_sensor)\/([\w-]+)\/([\w-]+)\/config$/;

const all = [...nodeDiscovery("homeassistant", "home", "uno-a"), ...pairDiscovery("homeassistant", "home")];
const parsed = all.map(({ topic: at, payload, retain }) => {
  const [, component] = configTopic.exec(at) ?? [];
  const schema = component === "sensor" ? sensor : binarySensor;
  return { at, retain, config: schema.parse(JSON.parse(payload)) };
});

test("discovery is what Home Assistant documents, retained, under topics of its form, each with an id of its own", () => {
  expect(parsed).toHaveLength(11);
  for (const { at, retain } of parsed) {
    expect(at).toMatch(configTopic);
    expect(retain).toBe(true);
  }
  expect(new Set(parsed.map(({ config }) => config.unique_id)).size).toBe(parsed.length);
  expect(new Set(all.map(({ topic: at }) => at)).size).toBe(parsed.length);
});

test("every topic that an entity reads is one that is published, and every field one that is in it", () => {
  const published = new Map<string, MqttMessage>();
  for (const message of [statusMessage("home", "uno-a", "online"), ...stateMessages("home", primaryFacts)]) {
    published.set(message.topic, message);
  }
  for (const { at, config } of parsed) {
    const read = [config.state_topic, config.json_attributes_topic, ...(config.availability ?? []).map((a) => a.topic)];
    for (const each of read) if (each !== undefined) expect(published.has(each), `${at} reads ${each}`).toBe(true);
    const field = /value_json\.(\w+)/.exec(config.value_template ?? "")?.[1];
    if (field === undefined) continue;
    expect(JSON.parse(published.get(config.state_topic)?.payload ?? "{}"), at).toHaveProperty(field);
  }
});

test("values that an entity is allowed are those that are published", () => {
  const role = parsed.find(({ at }) => at.includes("/role/"))?.config;
  const options = role !== undefined && "options" in role ? role.options : [];
  for (const facts of [primaryFacts, standbyFacts]) expect(options).toContain(facts.role);
  const online = parsed.find(({ at }) => at.includes("/online/"))?.config;
  expect(online).toMatchObject({
    payload_on: statusMessage("home", "uno-a", "online").payload,
    payload_off: statusMessage("home", "uno-a", "offline").payload,
  });
});

const ofNode = (node: string): string[] => nodeDiscovery("homeassistant", "home", node).map(({ topic: at }) => at);

test("either node tells the same of the pair, and of itself alone", () => {
  expect(ofNode("uno-a").filter((at) => ofNode("uno-b").includes(at))).toEqual([]);
});

test("what Home Assistant is told", async () => {
  const text = all
    .map(({ topic: at, payload }) => `${at}\n${JSON.stringify(JSON.parse(payload), null, 1)}\n`)
    .join("\n");
  await expect(text).toMatchFileSnapshot("golden/discovery.txt");
});
