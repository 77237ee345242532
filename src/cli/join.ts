import type { Command } from "commander";
import type { JoinOrder } from "../../ha/io/join-client.ts";
import { CliError } from "./exit.ts";
import { nodePorts, withNodeOptions } from "./init.ts";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson, styled } from "./output.ts";

type JoinOptions = {
  data: string;
  name: string;
  host: string;
  appPort: number;
  agentPort: number;
  linkPort: number;
  witness?: true;
  json?: true;
};

/** Adds `trader join TOKEN`: makes a directory a member of the cluster that made the token. */
export function addJoin(program: Command): void {
  const command = program
    .command("join")
    .description("join the cluster that made this token; its founder must be running")
    .argument("<token>", 'one-time token that "trader init" or "trader token" printed')
    .addOption(dataOption());
  withNodeOptions(command).option("--witness", "as the witness: a third device with a vote, no trader");
  withJson(command).action(join);
}

async function join(token: string, options: JoinOptions): Promise<void> {
  const { data: dir, name, host } = options;
  const order = { token, dir, name, host };
  const witness = options.witness === true;
  if (witness) await joinAsWitness({ ...order, port: options.agentPort });
  else await redeem({ ...order, kind: "node", ports: nodePorts(options) });
  const next = `trader ${witness ? "witness" : "run"} --data ${dir}`;
  if (options.json) return sayJson({ data: dir, name, kind: witness ? "witness" : "node", next });
  say(`${styled("bold", name)} is a member now, in ${dir}.\n\nNext:\n  ${next}`);
}

/** Makes `dir` a witness of the token's cluster too, in a folder of that name. */
export async function joinAsWitness(order: {
  token: string;
  dir: string;
  name: string;
  host: string;
  port: number;
}): Promise<void> {
  const { parseToken } = await import("../../ha/io/tokens.ts");
  const { readWitnessFolders, witnessFolder } = await import("../../ha/io/witness-folders.ts");
  const { dir, name, host, port } = order;
  const token = parseToken(order.token);
  if (token === null) throw new CliError("This is not a token: copy it again, all of it.");
  const other = readWitnessFolders(dir).find(({ config }) => config !== null && config.ports.agent !== port);
  if (other?.config) {
    const taken = other.config.ports.agent;
    throw new CliError(`The witness in ${dir} listens on port ${taken} for all its clusters: add --port ${taken}.`);
  }
  const folder = witnessFolder(dir, token.cluster);
  await redeem({ token: order.token, dir: folder, name, host, kind: "witness", ports: { agent: port } });
}

async function redeem(order: JoinOrder): Promise<void> {
  const { joinCluster, JoinError } = await import("../../ha/io/join-client.ts");
  const { voterRecordSchema } = await import("../../ha/io/message-schema.ts");
  const { createVotes, readVotes } = await import("../../ha/io/vote-file.ts");
  const writeInitialRecord = async (record: Record<string, unknown>): Promise<void> => {
    // A join whose answer was lost may be repeated: what it wrote then is kept.
    if ((await readVotes(order.dir)) === null) await createVotes(order.dir, voterRecordSchema.parse(record));
  };
  try {
    await joinCluster({ ...order, writeInitialRecord });
  } catch (error) {
    if (error instanceof JoinError) throw new CliError(error.message, undefined, { cause: error });
    throw error;
  }
}
