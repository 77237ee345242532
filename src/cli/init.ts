import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ArbiterKind } from "../../ha/core/messages.ts";
import type { Arbiter, NodeConfig, PresetName } from "../../ha/io/node-files.ts";
import { arbiterSchema, hostSchema, nameSchema, targetSchema } from "../../ha/io/node-files.ts";
import { CliError } from "./exit.ts";
import { checked, dataOption, port, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type InitOptions = {
  data: string;
  name?: string;
  cluster: string;
  arbiter?: ArbiterKind;
  target: readonly string[];
  preset?: PresetName;
  host?: string;
  appPort: number;
  agentPort: number;
  linkPort: number;
  brokerKeyId?: string;
  brokerSecret?: string;
  yes?: true;
  json?: true;
};

/** Name, host and ports of a node, as `init` and `join` take them; name and host are proposed where they are absent. */
export function withNodeOptions(command: Command): Command {
  const name = checked(nameSchema, "1 to 32 of a-z, 0-9 and inner hyphens, as in uno-a");
  return command
    .option("--name <name>", "name of this member, unique in the cluster; proposed where absent", name)
    .option(
      "--host <host>",
      "where the other members reach this one; this machine's address on their network where absent",
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
      new Option(
        "--arbiter <kind>",
        "who has the third vote; asked for where absent, witness without a terminal",
      ).choices(["witness", "reachability", "manual", "standalone"]),
    )
    .addOption(targetOption())
    .addOption(
      new Option(
        "--preset <name>",
        "timing: lease 1 s (wire), 3 s or 8 s (Wi-Fi); proposed from what is measured where absent",
      ).choices(["fast", "default", "wifi"]),
    )
    .addOption(new Option("--broker-key-id <id>", "key id at the broker").env("TRADER_BROKER_KEY_ID"))
    .addOption(
      new Option("--broker-secret <secret>", "secret at the broker; better by environment").env("TRADER_BROKER_SECRET"),
    );
  command.option("--yes", "ask nothing: take what is proposed");
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
  const { data: dir, cluster } = options;
  const ports = nodePorts(options);
  const { createCluster, refuseUsedFolder } = await import("../../ha/io/create-cluster.ts");
  refuseUsedFolder(dir);
  const { name, host, arbiter, preset, why } = await decide(options);
  const { createToken, TOKEN_VALID_MS } = await import("../../ha/io/tokens.ts");
  const { writeLineage } = await import("../../ha/io/ledger-files.ts");
  const { hashPassword, makePassword } = await import("../web/admin-password.ts");
  await firstVote(dir, name);
  // The empty ledger of a cluster that nobody has led: everything that there is.
  writeLineage(join(dir, "ledger"), { epoch: 0 });
  const { brokerKeyId, brokerSecret } = options;
  const adminPassword = makePassword();
  const secrets = { brokerKeyId, brokerSecret, adminPasswordHash: await hashPassword(adminPassword) };
  await createCluster({ dir, name, cluster, arbiter, preset, host, ports, ...secrets });
  const nowMs = Date.now();
  const nodeToken = arbiter.kind === "standalone" ? null : createToken({ dir, role: "node", nowMs });
  const witnessToken = arbiter.kind === "witness" ? createToken({ dir, role: "witness", nowMs }) : null;
  const founded = { data: dir, name, cluster, host, arbiter: arbiter.kind, targets: arbiter.targets, preset };
  const given = { nodeToken, witnessToken, expiresAtMs: nowMs + TOKEN_VALID_MS, adminPassword };
  if (options.json) return sayJson({ ...founded, ...given });
  const { foundedLines } = await import("./setup/founded.ts");
  for (const line of foundedLines(founded, given, why)) say(line);
}

type Decision = {
  name: string;
  host: string;
  arbiter: Arbiter;
  preset: PresetName;
  /** Where address and timing come from, for the one who reads it; empty where they were given. */
  why: { host: string; preset: string };
};

/** What the options say, and for the rest the person at the terminal, or what was measured. */
async function decide(options: InitOptions): Promise<Decision> {
  const { measure } = await import("./setup/measure.ts");
  const { propose } = await import("./setup/propose.ts");
  const { askFor, asProposed } = await import("./setup/questions.ts");
  const { terminalAsker } = await import("./consent.ts");
  const { name, host, arbiter, preset } = options;
  const given = { name, host, arbiter, preset };
  const asks = terminalAsker.isTty && options.yes !== true && options.json !== true;
  // A member of this machine's loopback has no gateway to measure.
  const ping = preset === undefined && arbiter !== "standalone" && !(host ?? "").startsWith("127.");
  const proposal = propose(await measure({ ping }));
  const decided = asks ? await askFor(given, proposal, terminalAsker) : asProposed(given, proposal);
  if (decided.host === null)
    throw new CliError("This machine has no network address: connect it, or give --host (127.0.0.1 to try it alone).");
  const { target } = options;
  const gateway = proposal.gateway === null ? [] : [proposal.gateway];
  const targets = target.length === 0 && decided.arbiter === "reachability" ? gateway : target;
  if (targets.includes(decided.host))
    throw new CliError(`--target ${decided.host} is this board itself: give the gateway's address.`);
  const why = {
    host: host === undefined ? proposal.hostWhy : "",
    preset: preset === undefined ? proposal.presetWhy : "",
  };
  return { ...decided, host: decided.host, arbiter: arbiterFrom(decided.arbiter, targets), why };
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
