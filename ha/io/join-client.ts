import { existsSync, readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { refuseUsedFolder } from "./create-cluster.ts";
import { makePrivateFolder, writeFileDurably } from "./durable-file.ts";
import { joinAnswerSchema, joinErrorSchema } from "./join-wire.ts";
import type { JoinAnswer, JoinAsk } from "./join-wire.ts";
import { writeNodeConfig, writeRoster, writeSecrets } from "./node-files.ts";
import type { NodeConfig, Roster, WitnessConfig } from "./node-files.ts";
import { createKey, createRequest, fingerprintOf, tlsNameOf } from "./pki.ts";
import { parseToken } from "./tokens.ts";
import type { Token } from "./tokens.ts";

/** What `trader join` is told; `initialRecord` is made durable by `writeInitialRecord` before `node.json` exists. */
export type JoinOrder = {
  token: string;
  name: string;
  dir: string;
  host: string;
  writeInitialRecord?: (record: Record<string, unknown>) => void | Promise<void>;
  limitMs?: number;
} & ({ kind: "node"; ports: NodeConfig["ports"] } | { kind: "witness"; ports: WitnessConfig["ports"] });

/** What the new member is; `initialRecord` is null where the cluster has led already and must enrol it. */
export type Joined = {
  config: NodeConfig | WitnessConfig;
  roster: Roster;
  initialRecord: Record<string, unknown> | null;
};

/** Thrown when the cluster does not admit this member; the message is a sentence for a person. */
export class JoinError extends Error {
  override readonly name = "JoinError";
}

type Address = Token["addresses"][number];

const toPem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

/** Fetches the chain that a server shows and gives the authority in it that has the token's fingerprint. */
async function fetchAuthority(address: Address, token: Token, limitMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Nothing is trusted and nothing is sent on this connection: it only shows certificates to compare.
  const socket = connect({ ...address, servername: tlsNameOf(token.founder), rejectUnauthorized: false }, () => {
    let at = socket.getPeerCertificate(true);
    for (let depth = 0; depth < 4 && at?.raw !== undefined; depth += 1) {
      const pem = toPem(at.raw);
      if (fingerprintOf(pem) === token.caFingerprint) return resolve(pem);
      if (at.issuerCertificate === at) break;
      at = at.issuerCertificate;
    }
    return reject(new JoinError(`${address.host}:${address.port} is not of the cluster that made this token.`));
  });
  socket.setTimeout(limitMs, () => socket.destroy(new Error(`no answer in ${limitMs} ms`)));
  socket.on("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function post(address: Address, token: Token, ca: string, ask: JoinAsk, limitMs: number): Promise<JoinAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const body = JSON.stringify(ask);
  const request = httpsRequest(
    {
      host: address.host,
      port: address.port,
      method: "POST",
      path: "/join",
      ca,
      servername: tlsNameOf(token.founder),
      minVersion: "TLSv1.3",
      agent: false,
      signal: AbortSignal.timeout(limitMs),
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    },
    (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > 64 * 1024) request.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    },
  );
  request.on("error", reject);
  request.end(body);
  const { status, text } = await promise;
  const value: unknown = JSON.parse(text);
  if (status === 200) return joinAnswerSchema.parse(value);
  const error = joinErrorSchema.safeParse(value);
  throw new JoinError(error.success ? error.data.error : `The node answered ${status}.`);
}

async function ask(token: Token, body: JoinAsk, limitMs: number): Promise<JoinAnswer> {
  const tried: string[] = [];
  for (const address of token.addresses) {
    try {
      const ca = await fetchAuthority(address, token, limitMs);
      return await post(address, token, ca, body, limitMs);
    } catch (error) {
      if (error instanceof JoinError) throw error;
      tried.push(`${address.host}:${address.port} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  throw new JoinError(
    `${token.founder}, which made the token, does not answer. Tried: ${tried.join(", ")}. Is it running?`,
  );
}

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

/**
 * Makes `dir` a member of the token's cluster and writes all its files, `node.json` last. The private key never leaves
 * `dir`; the token's secret is sent only over TLS to a holder of a certificate of the authority that it names.
 */
export async function joinCluster(order: JoinOrder): Promise<Joined> {
  const { dir, name, host, kind } = order;
  refuseUsedFolder(dir);
  const token = parseToken(order.token);
  if (token === null) throw new JoinError("This is not a token: copy it again, all of it.");
  if (token.role !== kind) throw new JoinError(`This token is for a ${token.role}, not for a ${kind}.`);
  makePrivateFolder(join(dir, "pki"));
  const request = await createRequest(name, await ownKey(dir));
  const body: JoinAsk = { secret: token.secret, member: memberFrom(order), request };
  const answer = await ask(token, body, order.limitMs ?? 15_000);
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
  return { config, roster: answer.roster, initialRecord: answer.initialRecord };
}
