import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ArbiterKind } from "../../ha/core/messages.ts";
import type { Arbiter, NodeConfig, PresetName } from "../../ha/io/node-files.ts";
import { arbiterSchema, hostSchema, nameSchema, targetSchema } from "../../ha/io/node-files.ts";
import { CliError } from "./exit.ts";
import { checked, dataOption, port, withJson } from "./options.ts";
import { say, sayJson, styled } from "./output.ts";

type InitOptions = {
  data: string;
  name: string;
  cluster: string;
  arbiter: ArbiterKind;
  target: readonly string[];
  preset: PresetName;
  host: string;
  appPort: number;
  agentPort: number;
  linkPort: number;
  brokerKeyId?: string;
  brokerSecret?: string;
  json?: true;
};

/** Name, host and ports of a node, as `init` and `join` take them. */
export function withNodeOptions(command: Command): Command {
  const name = checked(nameSchema, "1 to 32 of a-z, 0-9 and inner hyphens, as in uno-a");
  return command
    .requiredOption("--name <name>", "name of this member, unique in the cluster", name)
    .requiredOption(
      "--host <host>",
      "where the other members reach this one",
      checked(hostSchema, "an IP address or a host name"),
    )
    .option("--app-port <port>", "dashboard", port, 8000)
    .option("--agent-port <port>", "heartbeats (UDP) and health (TCP)", port, 8008)
    .option("--link-port <port>", "replica and joining", port, 8009);
}

/** The three ports of a node from its options; throws when two are the same. */
export function nodePorts(options: { appPort: number; agentPort: number; linkPort: number }): NodeConfig["ports"] {
  const { appPort, agentPort, linkPort } = options;
  if (new Set([appPort, agentPort, linkPort]).size < 3) {
    throw new CliError(`--app-port, --agent-port and --link-port must differ (${appPort}, ${agentPort}, ${linkPort}).`);
  }
  return { app: appPort, agent: agentPort, link: linkPort };
}

/** Adds `trader init`: founds a cluster with this node as its first member. No agent runs for it. */
export function addInit(program: Command): void {
  const cluster = checked(nameSchema, "1 to 32 of a-z, 0-9 and inner hyphens, as in home");
  const command = program
    .command("init")
    .description("found a cluster: this is its first node")
    .addOption(dataOption())
    .option("--cluster <name>", "name of the cluster", cluster, "home");
  withNodeOptions(command)
    .addOption(
      new Option("--arbiter <kind>", "who has the third vote")
        .choices(["witness", "reachability", "manual", "standalone"])
        .default("witness"),
    )
    .addOption(targetOption())
    .addOption(
      new Option("--preset <name>", "timing: lease 1 s (wire), 3 s or 8 s (Wi-Fi)")
        .choices(["fast", "default", "wifi"])
        .default("default"),
    )
    .addOption(new Option("--broker-key-id <id>", "key id at the broker").env("TRADER_BROKER_KEY_ID"))
    .addOption(
      new Option("--broker-secret <secret>", "secret at the broker; better by environment").env("TRADER_BROKER_SECRET"),
    );
  withJson(command).action(init);
}

const oneTarget = checked(targetSchema, "the IP address of another machine, as in 192.168.1.1");

/** `--target HOST`, repeatable: what a node must reach to count as on the network. */
export const targetOption = (): Option =>
  new Option(
    "--target <host>",
    "for reachability: what a node must reach to count as on the network; the gateway first",
  )
    .argParser((text, before: readonly string[]) => [...before, oneTarget(text)])
    .default([]);

/** The arbiter from its options; throws where they do not go together. */
export function arbiterFrom(kind: ArbiterKind, targets: readonly string[]): Arbiter {
  if (kind === "reachability" && targets.length === 0)
    throw new CliError("reachability needs --target with the address of your gateway, as in 192.168.1.1.");
  const arbiter = arbiterSchema.safeParse({ kind, targets });
  if (arbiter.success) return arbiter.data;
  throw new CliError(`--target with ${kind}: ${arbiter.error.issues[0]?.message ?? "wrong"}.`);
}

async function init(options: InitOptions): Promise<void> {
  const { data: dir, name, cluster, preset, host } = options;
  const { target: targets } = options;
  if (targets.includes(host)) throw new CliError(`--target ${host} is this board itself: give the gateway's address.`);
  const arbiter = arbiterFrom(options.arbiter, targets);
  const ports = nodePorts(options);
  const { createCluster, refuseUsedFolder } = await import("../../ha/io/create-cluster.ts");
  const { createToken } = await import("../../ha/io/tokens.ts");
  refuseUsedFolder(dir);
  const { writeLineage } = await import("../../ha/io/ledger-files.ts");
  await firstVote(dir, name);
  // The empty ledger of a cluster that nobody has led: everything that there is.
  writeLineage(join(dir, "ledger"), { epoch: 0 });
  const { brokerKeyId, brokerSecret } = options;
  await createCluster({ dir, name, cluster, arbiter, preset, host, ports, brokerKeyId, brokerSecret });
  const alone = arbiter.kind === "standalone";
  const nowMs = Date.now();
  const nodeToken = alone ? null : createToken({ dir, role: "node", nowMs });
  const witnessToken = arbiter.kind === "witness" ? createToken({ dir, role: "witness", nowMs }) : null;
  if (options.json)
    return sayJson({ data: dir, name, cluster, arbiter: arbiter.kind, preset, nodeToken, witnessToken });

  say(`${styled("bold", name)} founds the cluster ${styled("bold", cluster)} in ${dir}.`);
  say(`\nNext, on this board:\n  trader run --data ${dir}`);
  if (nodeToken !== null) {
    say(`\nThen, on the second board (the token is good once, for an hour; "trader token" makes another):`);
    say(`  trader join ${nodeToken} --data DIR --name NAME --host ADDRESS && trader run --data DIR`);
  }
  if (witnessToken !== null) {
    say(`\nAnd on a third device, the witness:`);
    say(`  trader witness --join ${witnessToken} --data DIR --name NAME --host ADDRESS`);
  }
}

/** The founder's first record; one that a broken-off `init` of the same name left is kept. */
async function firstVote(dir: string, name: string): Promise<void> {
  const { createVotes, readVotes } = await import("../../ha/io/vote-file.ts");
  const { makePrivateFolder } = await import("../../ha/io/durable-file.ts");
  makePrivateFolder(dir);
  const existing = await readVotes(dir);
  if (existing?.epoch === 0 && existing.holder === name) return;
  if (existing !== null) throw new CliError(`${dir}/votes: another voter's record is here. Choose another directory.`);
  const sync = { inSync: [name], paused: false, setEpoch: 0, setVersion: 0 };
  await createVotes(dir, { epoch: 0, holder: name, released: false, sync });
}
