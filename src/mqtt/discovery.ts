import { type MqttMessage, topicsOf } from "./messages.ts";

/** The primary says what it knows each half minute: after three of them missing, nobody knows any more. */
const expireAfterSeconds = 90;
const origin = { name: "Arduino Trader, twice" };

type Entity = {
  readonly component: "sensor" | "binary_sensor";
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
};
type Device = { readonly id: string; readonly name: string; readonly model: string };

/** Tells Home Assistant of this node: whether it lives, what it is, what ails it. */
export function nodeDiscovery(prefix: string, cluster: string, node: string): readonly MqttMessage[] {
  const topics = topicsOf(cluster);
  const device = { id: `trader_${cluster}_${node}`, name: node, model: "Node" };
  const health = { state_topic: topics.health(node), availability: [{ topic: topics.status(node) }] };
  return configs(prefix, device, [
    binary("online", "Online", {
      state_topic: topics.status(node),
      payload_on: "online",
      payload_off: "offline",
      device_class: "connectivity",
    }),
    sensor("role", "Role", {
      ...health,
      value_template: "{{ value_json.role }}",
      device_class: "enum",
      options: ["primary", "standby"],
    }),
    sensor("lag", "Lag", {
      ...health,
      value_template: "{{ value_json.lag_txids }}",
      unit_of_measurement: "transactions",
      state_class: "measurement",
    }),
    binary("problem", "Problem", {
      ...health,
      value_template: "{{ 'ON' if value_json.reasons else 'OFF' }}",
      json_attributes_topic: topics.health(node),
      device_class: "problem",
    }),
  ]);
}

/** Tells Home Assistant of the pair and its portfolio; the same from either node. */
export function pairDiscovery(prefix: string, cluster: string): readonly MqttMessage[] {
  const topics = topicsOf(cluster);
  const device = { id: `trader_${cluster}`, name: `Trader ${cluster}`, model: "Pair" };
  const pair = { state_topic: topics.pair, expire_after: expireAfterSeconds };
  const portfolio = { state_topic: topics.portfolio, expire_after: expireAfterSeconds };
  const share = { ...portfolio, unit_of_measurement: "%", state_class: "measurement", suggested_display_precision: 1 };
  return configs(prefix, device, [
    sensor("primary", "Primary", { ...pair, value_template: "{{ value_json.primary }}" }),
    binary("unprotected", "Unprotected", {
      ...pair,
      value_template: "{{ 'OFF' if value_json.protected else 'ON' }}",
      device_class: "problem",
    }),
    sensor("invested", "Invested", { ...share, value_template: "{{ value_json.invested_percent }}" }),
    sensor("cash", "Cash", { ...share, value_template: "{{ value_json.cash_percent }}" }),
    sensor("positions", "Positions", {
      ...portfolio,
      value_template: "{{ value_json.positions }}",
      state_class: "measurement",
    }),
    sensor("next_action", "Next action", {
      ...portfolio,
      value_template: "{{ value_json.next_actions | first | default('none') }}",
      json_attributes_topic: topics.portfolio,
    }),
    binary("trading_problem", "Trading problem", {
      ...portfolio,
      value_template: "{{ 'ON' if value_json.errors else 'OFF' }}",
      device_class: "problem",
    }),
  ]);
}

const sensor = (id: string, name: string, config: object): Entity => ({
  component: "sensor",
  id,
  config: { name, ...config },
});
const binary = (id: string, name: string, config: object): Entity => ({
  component: "binary_sensor",
  id,
  config: { name, ...config },
});

const configs = (prefix: string, device: Device, entities: readonly Entity[]): readonly MqttMessage[] =>
  entities.map(({ component, id, config }) => ({
    topic: `${prefix}/${component}/${device.id}/${id}/config`,
    payload: JSON.stringify({
      ...config,
      unique_id: `${device.id}_${id}`,
      device: { identifiers: [device.id], name: device.name, model: device.model, manufacturer: origin.name },
      origin,
    }),
    retain: true,
  }));
