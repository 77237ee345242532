import { z } from "zod";
import type { WitnessView } from "../../ha/witness-view.ts";

const name = z.string();
const pid = z.int().nullable();

/** What an agent answers on `/health` and `GET /status`: the fields that people are shown. */
export const agentViewSchema = z.object({
  node: name,
  role: z.enum(["primary", "standby", "starting", "stepping-down"]),
  primary: name.nullable(),
  epoch: z.int(),
  leaseLeftMs: z.number(),
  ledgerOpen: z.boolean(),
  position: z.object({ epoch: z.int(), txid: z.number() }),
  inSync: z.array(name),
  protection: z.enum(["strict", "heuristic", "manual", "none"]),
  limits: z.string(),
  peer: z
    .object({
      name,
      reachable: z.boolean(),
      inSync: z.boolean(),
      lagTxids: z.number().nullable(),
      lastHeardMs: z.number().nullable(),
    })
    .nullable(),
  arbiter: z.object({ name, kind: z.string(), reachable: z.boolean() }).nullable(),
  pids: z.object({ agent: pid, link: pid, app: pid, litestream: pid }),
  reasons: z.array(z.string()),
  /** Absent from an agent of before. */
  appNotes: z.array(z.string()).default([]),
  paused: z.boolean(),
  history: z.array(z.object({ at: z.string(), text: z.string() })),
  verified: z.object({ at: z.string(), sound: z.boolean(), epoch: z.int(), txid: z.int() }).nullable(),
  appPort: z.int().nullable(),
});
export type ShownView = z.infer<typeof agentViewSchema>;

/** What the agent answers to `POST /switchover` and `POST /failover`. */
export const handoverSchema = z.object({
  outcome: z.enum(["dry-run", "done", "in-progress", "refused", "put-back"]),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  message: z.string(),
});
export type Handover = z.infer<typeof handoverSchema>;

/** Where the agent says that the other node's receiver is. */
export const receiverSchema = z.object({ name, id: name, host: name, port: z.int() }).nullable();

/** What the app of the primary answers to a command, or the agent in its place. */
export const commandSchema = z.object({
  outcome: z.enum(["done", "refused", "in-progress"]),
  confirmed: z.boolean().nullable().default(null),
  message: z.string(),
  lines: z.array(z.string()).default([]),
});
export type CommandAnswer = z.infer<typeof commandSchema>;

/** What a refused or failed control request says. */
export const controlErrorSchema = z.object({ error: z.string() });

/** What a witness answers to `GET /status`, or what its files say where it does not run. */
export const witnessViewSchema: z.ZodType<WitnessView> = z.object({
  kind: z.literal("witness"),
  clusters: z.array(
    z.object({
      cluster: name,
      name: name.nullable(),
      votes: z.boolean(),
      record: z
        .object({
          epoch: z.int(),
          holder: name.nullable(),
          released: z.boolean(),
          sync: z.object({ inSync: z.array(name), paused: z.boolean(), setEpoch: z.int(), setVersion: z.int() }),
        })
        .nullable(),
      hears: z.array(z.object({ name, kind: z.string(), lastHeardMs: z.number().nullable() })),
      rosterVersion: z.number(),
      received: z.number(),
      sent: z.number(),
      refused: z.record(z.string(), z.number()),
      trouble: z.string().nullable(),
    }),
  ),
});

/** What the agent answers to `GET /members`. */
export const membersSchema = z.object({
  version: z.int(),
  arbiter: z.object({ kind: z.string(), targets: z.array(z.string()) }),
  members: z.array(
    z.object({
      name,
      kind: z.enum(["node", "witness"]),
      host: z.string(),
      agentPort: z.int(),
      self: z.boolean(),
      presentHost: z.string(),
      lastHeardMs: z.number().nullable(),
      upToDate: z.boolean(),
    }),
  ),
});
