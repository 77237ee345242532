import { join } from "node:path";
import type { PresetName } from "../../ha/io/node-files.ts";
import { type ClockArgs, clockArgv } from "../clock.ts";

/** What a demo is made of; everything else follows from it. */
export type DemoSetting = {
  readonly basePort: number;
  readonly dataDir: string;
  readonly preset: PresetName;
  readonly acceptDuplicates: boolean;
  readonly clock: ClockArgs;
  /** Processes end when this one, the demo, is gone. */
  readonly lifelinePid: number;
  /** The project's own Node, and its top folder; absolute. */
  readonly node: readonly string[];
  readonly root: string;
};

export type NodePlan = {
  readonly name: string;
  readonly dataDir: string;
  readonly appPort: number;
  readonly agentPort: number;
  readonly linkPort: number;
  /** Starts this node again by hand, from any folder. */
  readonly start: readonly string[];
};

type ServicePlan = {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  readonly start: readonly string[];
};

/** The processes of a demo with the arguments that a user would type. */
export type DemoPlan = {
  readonly nodes: readonly [NodePlan, NodePlan];
  readonly witness: ServicePlan;
  readonly exchange: ServicePlan;
  /** Founds the cluster on the first node. */
  readonly init: readonly string[];
  readonly joinNode: (token: string) => readonly string[];
  readonly joinWitness: (token: string) => readonly string[];
  readonly ports: readonly PlannedPort[];
};

export type PlannedPort = { readonly port: number; readonly udp: boolean; readonly use: string };

const HOST = "127.0.0.1";
const CLUSTER = "demo";
/** Any pair is let in by the simulator. */
const BROKER_KEY = { id: "demo-key", secret: "demo-secret" };

/** Ports of a demo relative to its base port. */
export const OFFSETS = { nodeA: 0, nodeB: 100, exchange: 200, witness: 208 } as const;
const AGENT_OFFSET = 8;
const LINK_OFFSET = 9;

/** Plans a demo. Pure. */
export function planDemo(setting: DemoSetting): DemoPlan {
  const trader = [...setting.node, join(setting.root, "src", "cli", "main.ts")];
  const a = nodePlan(setting, trader, "node-a", OFFSETS.nodeA);
  const b = nodePlan(setting, trader, "node-b", OFFSETS.nodeB);
  const witness = witnessPlan(setting, trader);
  const exchange = exchangePlan(setting);
  const shape = ["--cluster", CLUSTER, "--arbiter", "witness", "--preset", setting.preset];
  const keys = ["--broker-key-id", BROKER_KEY.id, "--broker-secret", BROKER_KEY.secret];
  return {
    nodes: [a, b],
    witness,
    exchange,
    init: [...trader, "init", ...member(a), ...nodePorts(a), ...shape, ...keys, "--json"],
    joinNode: (token) => [...trader, "join", token, ...member(b), ...nodePorts(b), "--no-copy", "--json"],
    joinWitness: (token) =>
      words(trader, "join", token, "--witness", member(witness), agentPort(witness.port), "--json"),
    ports: [...plannedPorts(a), ...plannedPorts(b), service(exchange, false), service(witness, true)],
  };
}

const words = (...parts: (string | readonly string[])[]): readonly string[] => parts.flat();

const member = ({ name, dataDir }: { name: string; dataDir: string }): readonly string[] =>
  words("--data", dataDir, "--name", name, "--host", HOST);

const agentPort = (port: number): readonly string[] => ["--agent-port", String(port)];

const nodePorts = (plan: NodePlan): readonly string[] =>
  words("--app-port", String(plan.appPort), agentPort(plan.agentPort), "--link-port", String(plan.linkPort));

const plannedPorts = ({ name, appPort, agentPort, linkPort }: NodePlan): PlannedPort[] => [
  { port: appPort, udp: false, use: `${name}'s app` },
  { port: agentPort, udp: true, use: `${name}'s agent` },
  { port: linkPort, udp: false, use: `${name}'s link` },
];

const service = ({ name, port }: ServicePlan, udp: boolean): PlannedPort => ({ port, udp, use: `the ${name}` });

function nodePlan(setting: DemoSetting, trader: readonly string[], name: string, offset: number): NodePlan {
  const { basePort, clock, lifelinePid } = setting;
  const dataDir = join(setting.dataDir, name);
  const appPort = basePort + offset;
  const exchangeUrl = `http://${HOST}:${basePort + OFFSETS.exchange}`;
  const lifeline = ["--lifeline", String(lifelinePid)];
  const start = [...trader, "run", "--data", dataDir, "--exchange-url", exchangeUrl, ...clockArgv(clock), ...lifeline];
  return { name, dataDir, appPort, agentPort: appPort + AGENT_OFFSET, linkPort: appPort + LINK_OFFSET, start };
}

function witnessPlan(setting: DemoSetting, trader: readonly string[]): ServicePlan {
  const dataDir = join(setting.dataDir, "witness");
  const start = [...trader, "witness", "--data", dataDir, "--lifeline", String(setting.lifelinePid)];
  return { name: "witness", dataDir, port: setting.basePort + OFFSETS.witness, start };
}

function exchangePlan(setting: DemoSetting): ServicePlan {
  const dataDir = join(setting.dataDir, "exchange");
  const port = setting.basePort + OFFSETS.exchange;
  const main = join(setting.root, "src", "exchange", "main.ts");
  const lifeline = ["--lifeline", String(setting.lifelinePid)];
  const duplicates = setting.acceptDuplicates ? ["--accept-duplicates"] : [];
  const served = ["--port", String(port), "--data", dataDir];
  const start = words(...setting.node, main, served, clockArgv(setting.clock), lifeline, duplicates);
  return { name: "exchange", dataDir, port, start };
}
