import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { refuseUsedFolder } from "./create-cluster.ts";
import { makePrivateFolder, writeFileDurably } from "./durable-file.ts";
import { callDesk, JoinError } from "./join-call.ts";
import { findDesk } from "./join-find.ts";
import type { Found, Search } from "./join-find.ts";
import { joinAnswerSchema, joinCheckSchema } from "./join-wire.ts";
import type { JoinAsk } from "./join-wire.ts";
import { writeNodeConfig, writeRoster, writeSecrets } from "./node-files.ts";
import type { NodeConfig, Roster, WitnessConfig } from "./node-files.ts";
import { createKey, createRequest, fingerprintOf } from "./pki.ts";
import { parseToken } from "./tokens.ts";
import type { Token } from "./tokens.ts";
import { version } from "./version.ts";

/** What has been seen to be good on the way to a membership, in this order. */
export type JoinStep =
  | { readonly kind: "found"; readonly founder: string; readonly found: Found }
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "clock"; readonly apartMs: number }
  | { readonly kind: "room"; readonly ledgerBytes: number }
  | { readonly kind: "admitted"; readonly cluster: string };

/** What `trader join` is told; `initialRecord` is made durable by `writeInitialRecord` before `node.json` exists. */
export type JoinOrder = {
  token: string;
  name: string;
  dir: string;
  host: string;
  writeInitialRecord?: (record: Record<string, unknown>) => void | Promise<void>;
  search?: Partial<Search>;
  /** Throws JoinError where the disk has no room for a ledger of this size. */
  checkRoom?: (ledgerBytes: number) => Promise<void>;
  onStep?: (step: JoinStep) => void;
  limitMs?: number;
} & ({ kind: "node"; ports: NodeConfig["ports"] } | { kind: "witness"; ports: WitnessConfig["ports"] });

/** What the new member is; `initialRecord` is null where the cluster has led already and must enrol it. */
export type Joined = {
  config: NodeConfig | WitnessConfig;
  roster: Roster;
  initialRecord: Record<string, unknown> | null;
  ledgerBytes: number;
};

const ADDRESS_LIMIT_MS = 4_000;
const ANSWER_LIMIT_MS = 15_000;
/** The same that the doctor calls wrong between two nodes. */
const APART_MS_MAX = 60_000;

/** The key of this directory: made once, so that a join whose answer was lost can be repeated with the same token. */
async function ownKey(dir: string): Promise<string> {
  const path = join(dir, "pki", "node.key");
  if (existsSync(path)) return readFileSync(path, "utf8");
  const key = await createKey();
  writeFileDurably(path, key);
  return key;
}

function memberFrom(order: JoinOrder): JoinAsk["member"] {
  const { name, host } = order;
  if (order.kind === "witness") return { name, kind: "witness", host, agentPort: order.ports.agent };
  const { agent, link, app } = order.ports;
  return { name, kind: "node", host, agentPort: agent, linkPort: link, appPort: app };
}

/** The token in this text, for this kind of member; throws JoinError where it is not one. */
export function tokenFor(text: string, kind: Token["role"]): Token {
  const token = parseToken(text);
  if (token === null) throw new JoinError("This is not a token: copy it again, all of it.");
  if (token.role === kind) return token;
  const other = token.role === "witness" ? "trader witness --join TOKEN" : "trader join TOKEN";
  throw new JoinError(`This token is for a ${token.role}, not for a ${kind}: ${other}.`);
}

/** Throws where the clocks are further apart than a schedule of orders, or a token's end, could be trusted. */
function checkClock(aheadMs: number | null, founder: string): number {
  const apartMs = Math.abs(aheadMs ?? 0);
  if (aheadMs === null || apartMs <= APART_MS_MAX) return apartMs;
  const where = aheadMs < 0 ? "ahead of" : "behind";
  const minutes = Math.round(apartMs / 60_000);
  throw new JoinError(
    `The clock of this machine is ${minutes} min ${where} that of ${founder}. Set the wrong one right, on both: timedatectl set-ntp true.`,
  );
}

/**
 * Makes `dir` a member of the token's cluster and writes all its files, `node.json` last. Everything that can be checked
 * is checked before the token is used up. The private key never leaves `dir`; the token's secret is sent only over TLS
 * to a holder of a certificate of the authority that it names.
 */
export async function joinCluster(order: JoinOrder): Promise<Joined> {
  const { dir, name, host, kind } = order;
  refuseUsedFolder(dir);
  const token = tokenFor(order.token, kind);
  const step = order.onStep ?? (() => undefined);
  const found = await findDesk(token, { at: null, limitMs: ADDRESS_LIMIT_MS, ...order.search });
  step({ kind: "found", founder: token.founder, found });
  makePrivateFolder(join(dir, "pki"));
  const request = await createRequest(name, await ownKey(dir));
  const ask: JoinAsk = { secret: token.secret, member: memberFrom(order), request };
  const limitMs = order.limitMs ?? ANSWER_LIMIT_MS;
  const onAnswer = (clockAheadMs: number | null): void => {
    step({ kind: "version", version });
    step({ kind: "clock", apartMs: checkClock(clockAheadMs, token.founder) });
  };
  const { ledgerBytes } = await callDesk(
    found,
    { token, path: "/join/check", ask, limitMs, onAnswer },
    joinCheckSchema,
  );
  await order.checkRoom?.(ledgerBytes);
  step({ kind: "room", ledgerBytes });
  const answer = await callDesk(found, { token, path: "/join", ask, limitMs }, joinAnswerSchema);
  if (fingerprintOf(answer.ca) !== token.caFingerprint) throw new JoinError("The node sent another authority.");

  writeFileDurably(join(dir, "pki", "ca.crt"), answer.ca);
  writeFileDurably(join(dir, "pki", "node.crt"), answer.certificate);
  if (kind === "node" && answer.caKey !== undefined) writeFileDurably(join(dir, "pki", "ca.key"), answer.caKey);
  writeSecrets(dir, answer.secrets);
  writeRoster(dir, answer.roster);
  if (answer.initialRecord !== null) await order.writeInitialRecord?.(answer.initialRecord);
  const shared = { name, host, cluster: answer.cluster, preset: answer.preset };
  const config: NodeConfig | WitnessConfig =
    order.kind === "node"
      ? { kind: "node", ...shared, ports: order.ports }
      : { kind: "witness", ...shared, ports: order.ports };
  writeNodeConfig(dir, config);
  step({ kind: "admitted", cluster: answer.cluster });
  return { config, roster: answer.roster, initialRecord: answer.initialRecord, ledgerBytes };
}
