import type { Command } from "commander";
import type { JoinOrder, Joined } from "../../ha/io/join-client.ts";
import { CliError, exitCodes } from "./exit.ts";
import { nodePorts, withNodeOptions } from "./init.ts";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson, styled } from "./output.ts";
import { Progress } from "./progress.ts";

type JoinOptions = {
  data: string;
  name?: string;
  host?: string;
  at?: string;
  appPort: number;
  agentPort: number;
  linkPort: number;
  witness?: true;
  copy: boolean;
  json?: true;
};

/** Adds `trader join TOKEN`: makes a directory a member of the cluster that made the token, and copies the ledger. */
export function addJoin(program: Command): void {
  const command = program
    .command("join")
    .description("join the cluster that made this token, whose node must be running, and copy its ledger")
    .argument("<token>", 'one-time token that "trader init" or "trader token" printed')
    .addOption(dataOption())
    .option("--at <host>", "where the node is that made the token, if it has moved since and mDNS does not pass");
  withNodeOptions(command)
    .option("--witness", "as the witness: a third device with a vote, no trader")
    .option("--no-copy", "do not wait for the ledger: it comes with trader run");
  withJson(command).action(join);
}

async function join(token: string, options: JoinOptions): Promise<void> {
  const { data: dir, name, host, at } = options;
  const quiet = options.json === true;
  const who = { token, dir, name, host, at, quiet };
  if (options.witness === true) {
    const joined = await joinAsWitness({ ...who, port: options.agentPort });
    return sayMember(options, joined, `trader witness --data ${dir}`, null);
  }
  const joined = await redeem({ ...who, kind: "node", ports: nodePorts(options) });
  const { copyLedger } = await import("./copy-ledger.ts");
  const copied = options.copy
    ? await copyLedger(dir, joined.ledgerBytes, new Progress(quiet ? nowhere : undefined))
    : null;
  if (copied?.trouble) process.exitCode = exitCodes.inProgress;
  sayMember(options, joined, `trader run --data ${dir}`, copied?.bytes ?? null);
}

const nowhere = { write: () => undefined };

function sayMember(options: JoinOptions, { config }: Joined, next: string, copiedBytes: number | null): void {
  const { data, json } = options;
  if (json) return sayJson({ data, name: config.name, kind: config.kind, host: config.host, copiedBytes, next });
  say(`\n${styled("bold", config.name)} is a member of ${config.cluster} now, in ${data}.\n\nNext:\n  ${next}`);
}

/** Who wants to join: what is absent is proposed. */
type Applicant = {
  readonly token: string;
  readonly dir: string;
  readonly name: string | undefined;
  readonly host: string | undefined;
  readonly at: string | undefined;
  readonly quiet: boolean;
};

/** Makes `dir` a witness of the token's cluster too, in a folder of that name. */
export async function joinAsWitness(order: Applicant & { readonly port: number }): Promise<Joined> {
  const { readWitnessFolders, witnessFolder } = await import("../../ha/io/witness-folders.ts");
  const { tokenFor } = await import("../../ha/io/join-client.ts");
  const { dir, port } = order;
  const token = await refusing(() => tokenFor(order.token, "witness"));
  const folders = readWitnessFolders(dir);
  const other = folders.find(({ config }) => config !== null && config.ports.agent !== port);
  if (other?.config) {
    const taken = other.config.ports.agent;
    throw new CliError(`The witness in ${dir} listens on port ${taken} for all its clusters: add --port ${taken}.`);
  }
  const ports = { agent: port };
  return redeem({ ...order, dir: witnessFolder(dir, token.cluster), kind: "witness", ports, runs: folders.length > 0 });
}

type Redemption = Applicant & {
  /** This port is held by the witness that runs here already. */ readonly runs?: boolean;
} & (
    | Pick<Extract<JoinOrder, { kind: "node" }>, "kind" | "ports">
    | Pick<Extract<JoinOrder, { kind: "witness" }>, "kind" | "ports">
  );

/** Checks what can be checked here, then joins; every refusal is a sentence with its remedy. */
async function redeem(order: Redemption): Promise<Joined> {
  const { joinCluster, tokenFor } = await import("../../ha/io/join-client.ts");
  const { voterRecordSchema } = await import("../../ha/io/message-schema.ts");
  const { createVotes, readVotes } = await import("../../ha/io/vote-file.ts");
  const { refuseUsedFolder } = await import("../../ha/io/create-cluster.ts");
  const { checkPorts, checkRoom, hostTowards, listenFor, showStep } = await import("./setup/join-checks.ts");
  const { nameAfter } = await import("./setup/propose.ts");
  return refusing(async () => {
    const { dir, kind, at, quiet } = order;
    const token = tokenFor(order.token, kind);
    refuseUsedFolder(dir);
    const host = order.host ?? hostTowards(at ?? token.addresses[0]?.host ?? "");
    const name = order.name ?? nameAfter(token.founder, kind);
    const progress = new Progress(quiet ? nowhere : undefined);
    if (order.runs !== true) await checkPorts(host, order.ports, progress);
    // Once more when the size of the ledger is known.
    await checkRoom(dir, kind, 0);
    const writeInitialRecord = async (record: Record<string, unknown>): Promise<void> => {
      // A join whose answer was lost may be repeated: what it wrote then is kept.
      if ((await readVotes(dir)) === null) await createVotes(dir, voterRecordSchema.parse(record));
    };
    const member =
      order.kind === "node" ? { kind: order.kind, ports: order.ports } : { kind: order.kind, ports: order.ports };
    return joinCluster({
      token: order.token,
      dir,
      name,
      host,
      ...member,
      writeInitialRecord,
      search: { at: at ?? null, listen: () => listenFor(token, host, progress) },
      checkRoom: (ledgerBytes) => checkRoom(dir, kind, ledgerBytes),
      onStep: (step) => showStep(step, progress),
    });
  });
}

async function refusing<T>(work: () => T | Promise<T>): Promise<T> {
  const { JoinError } = await import("../../ha/io/join-call.ts");
  try {
    return await work();
  } catch (error) {
    if (error instanceof JoinError) throw new CliError(error.message, undefined, { cause: error });
    throw error;
  }
}
