import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ArbiterKind } from "../core/messages.ts";
import { errorCode, writeFileDurably } from "./durable-file.ts";

/** The hand-readable files of a data directory: `node.json`, `roster.json`, `secrets.json`, all 0600. */

/** A name of a node, witness or cluster: part of certificates, order ids and file names, hence this narrow. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, "1 to 32 of a-z, 0-9 and inner hyphens");
/** A host name or an address literal; never a URL. */
export const hostSchema = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._:%-]*[A-Za-z0-9])?$|^::1$/, "a host name or an IP address");
/** A TCP or UDP port; 0 (any free one) is not an address that others could use. */
export const portSchema = z.int().min(1).max(65_535);
export const presetSchema = z.enum(["fast", "default", "wifi"]);
export type PresetName = z.infer<typeof presetSchema>;

const shared = {
  name: nameSchema,
  cluster: nameSchema,
  preset: presetSchema,
  host: hostSchema,
};

export const nodeConfigSchema = z.object({
  kind: z.literal("node").default("node"),
  ...shared,
  ports: z.object({ app: portSchema, agent: portSchema, link: portSchema }),
});
/** `node.json` of a node: `host` is where the other members reach it. */
export type NodeConfig = z.infer<typeof nodeConfigSchema>;

const witnessConfigSchema = z.object({
  kind: z.literal("witness"),
  ...shared,
  ports: z.object({ agent: portSchema }),
});
/** `node.json` of a witness, which has no app and no link. */
export type WitnessConfig = z.infer<typeof witnessConfigSchema>;

/** Which key a member has: the first 64 bits of its public key's SHA-256, hex. Tells a board from another of its name. */
export const memberIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const memberSchema = z.object({
  name: nameSchema,
  id: memberIdSchema,
  kind: z.enum(["node", "witness"]),
  host: hostSchema,
  agentPort: portSchema,
  linkPort: portSchema.optional(),
  appPort: portSchema.optional(),
});
/** One member of the cluster; a node has all three ports, a witness only `agentPort`. */
export type Member = z.infer<typeof memberSchema>;

const arbiterKindSchema = z.enum({
  witness: "witness",
  reachability: "reachability",
  manual: "manual",
  standalone: "standalone",
} satisfies { [K in ArbiterKind]: K });

/** Not a name, which would be looked up by way of what is to be probed; not this machine, which always answers itself. */
export const targetSchema = z
  .union([z.ipv4(), z.ipv6()])
  .refine((host) => !/^(?:127\.|0\.|::1?$)/.test(host), "an address of another machine");

/**
 * Who has the third vote. `targets`: what a node must reach to count as on the network, the gateway first. `board`: the
 * one that leads alone, where there is no third vote; another node only keeps a copy then.
 */
export const arbiterSchema = z
  .object({
    kind: arbiterKindSchema,
    targets: z.array(targetSchema).max(4).default([]),
    board: nameSchema.optional(),
  })
  .refine(({ kind, board }) => kind === "standalone" || board === undefined, '"board" is for "standalone"')
  .refine(
    ({ kind, targets }) => (kind === "reachability") === targets.length > 0,
    'targets are for "reachability", which needs at least one: the gateway',
  )
  .refine(({ targets }) => new Set(targets).size === targets.length, "the same target twice");
export type Arbiter = z.infer<typeof arbiterSchema>;

export const rosterSchema = z.object({
  version: z.int().nonnegative(),
  arbiter: arbiterSchema,
  members: z
    .array(memberSchema)
    .max(8)
    .refine((members) => new Set(members.map((m) => m.name)).size === members.length, "two members have the same name"),
});
/** `roster.json`: who belongs to the cluster and who has its third vote; a higher `version` replaces a lower one. */
export type Roster = z.infer<typeof rosterSchema>;

export const secretsSchema = z.object({
  clusterSecret: z.base64().refine((text) => Buffer.from(text, "base64").length === 32, "base64 of exactly 32 bytes"),
  brokerKeyId: z.string().min(1).max(200).optional(),
  brokerSecret: z.string().min(1).max(500).optional(),
  mqttUser: z.string().min(1).max(200).optional(),
  mqttPassword: z.string().min(1).max(500).optional(),
  /** What is kept of the administrator's password: src/web/admin-password.ts makes and judges it. */
  adminPasswordHash: z.string().min(1).max(300).optional(),
});
/** `secrets.json`: the key of the heartbeats' signatures, and on nodes what brokers, MQTT and the page need. Never logged. */
export type Secrets = z.infer<typeof secretsSchema>;

/** Thrown for a file of the data directory that is absent, unreadable or wrong; the message says which field and what to do. */
export class NodeFileError extends Error {
  override readonly name = "NodeFileError";
}

function parse<T>(schema: z.ZodType<T>, value: unknown, path: string, remedy: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? "the whole file" : `"${issue.path.join(".")}"`;
  throw new NodeFileError(`${path}: ${field} is wrong (${issue?.message ?? "invalid"}). ${remedy}`);
}

function readJson<T>(schema: z.ZodType<T>, path: string, remedy: string): T {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const code = errorCode(cause);
    const what = code === "ENOENT" ? "is not there" : `cannot be read (${code ?? "unknown error"})`;
    throw new NodeFileError(`${path}: ${what}. ${remedy}`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No cause: the parser's message quotes the text, which may be a secret.
    throw new NodeFileError(`${path}: is not JSON. ${remedy}`);
  }
  return parse(schema, value, path, remedy);
}

function writeJson<T>(schema: z.ZodType<T>, path: string, value: unknown): void {
  const checked = parse(schema, value, path, "It was not written.");
  writeFileDurably(path, `${JSON.stringify(checked, null, 2)}\n`);
}

const SET_UP = 'Correct it, or set this directory up with "trader init" or "trader join".';
const ROSTER_REMEDY = 'Copy it from another member of the cluster, or join again with "trader join".';
const SECRETS_REMEDY = 'Copy it from the other node of the cluster (mode 0600), or join again with "trader join".';

/** Reads `node.json` of a node; throws NodeFileError naming the field and the remedy. */
export function readNodeConfig(dir: string): NodeConfig {
  return readJson<NodeConfig>(nodeConfigSchema, join(dir, "node.json"), SET_UP);
}

/** Reads `node.json` of a witness; throws NodeFileError naming the field and the remedy. */
export function readWitnessConfig(dir: string): WitnessConfig {
  return readJson<WitnessConfig>(witnessConfigSchema, join(dir, "node.json"), SET_UP);
}

/** Durably replaces `node.json` of a node or a witness. */
export function writeNodeConfig(dir: string, config: z.input<typeof nodeConfigSchema> | WitnessConfig): void {
  const schema = config.kind === "witness" ? witnessConfigSchema : nodeConfigSchema;
  writeJson<NodeConfig | WitnessConfig>(schema, join(dir, "node.json"), config);
}

/** Reads `roster.json`; throws NodeFileError naming the field and the remedy. */
export function readRoster(dir: string): Roster {
  return readJson<Roster>(rosterSchema, join(dir, "roster.json"), ROSTER_REMEDY);
}

/** Durably replaces `roster.json`. */
export function writeRoster(dir: string, roster: Roster): void {
  writeJson<Roster>(rosterSchema, join(dir, "roster.json"), roster);
}

/** Reads `secrets.json`; throws NodeFileError, whose message never carries a value. */
export function readSecrets(dir: string): Secrets {
  return readJson<Secrets>(secretsSchema, join(dir, "secrets.json"), SECRETS_REMEDY);
}

/** Durably replaces `secrets.json`, 0600. */
export function writeSecrets(dir: string, secrets: Secrets): void {
  writeJson<Secrets>(secretsSchema, join(dir, "secrets.json"), secrets);
}
