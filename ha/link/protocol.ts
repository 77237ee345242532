import { z } from "zod";
import { hostSchema, memberIdSchema, memberSchema, nameSchema, portSchema, rosterSchema } from "../io/node-files.ts";

/** What agent and link say to each other over Node's IPC; both sides validate with these schemas. */
const epoch = z.int().nonnegative();
const txid = z.int().nonnegative();
const joinId = z.string().min(1).max(64);
const sentence = z.string().max(500);

/** Which epoch a receiver takes, and from whom only. */
export const fenceSchema = z.object({ epoch, holder: nameSchema });
export type Fence = z.infer<typeof fenceSchema>;

/** A place in the history of the ledger: the newest transaction durably received in an epoch. */
const positionSchema = z.object({ epoch, txid });
export type ReplicaPosition = z.infer<typeof positionSchema>;

/**
 * `digest`: what the primary's ledger holds, and where. `verify`: begin to check this standby's copy; `verification`: how
 * that goes. `history`: the newest events that this node wrote down.
 */
const questions = ["digest", "verify", "verification", "history"] as const;
export type Question = (typeof questions)[number];

export const toLink = z.discriminatedUnion("kind", [
  /** Promise this epoch to this holder, durably; answered by `fenced`. */
  z.object({ kind: z.literal("fence"), epoch, holder: nameSchema }),
  /** This node is primary of `epoch`: carry its replica to this peer's receiver. Replaces an earlier `send`. */
  z.object({
    kind: z.literal("send"),
    epoch,
    peer: z.object({ name: nameSchema, id: memberIdSchema, host: hostSchema, port: portSchema }),
  }),
  z.object({ kind: z.literal("send-stop") }),
  z.object({ kind: z.literal("roster"), roster: rosterSchema }),
  /** Delete what was received in other epochs than these (and the promised one, which is always kept). */
  z.object({ kind: z.literal("prune"), keep: z.array(epoch).max(1000) }),
  /**
   * Answer to `join-request`: the first vote record of a new witness, or null; the roster that the member is in, once
   * it was admitted; or why it is not.
   */
  z.object({
    kind: z.literal("join-answer"),
    id: joinId,
    initialRecord: z.record(z.string(), z.unknown()).nullable(),
    roster: rosterSchema.optional(),
    refused: sentence.optional(),
  }),
  /** Answer to `question`, for the member that asked. */
  z.object({ kind: z.literal("answer"), id: joinId, status: z.int(), body: z.record(z.string(), z.unknown()) }),
]);
export type ToLink = z.infer<typeof toLink>;

export const fromLink = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), connectorPort: portSchema, receiverPort: portSchema }),
  /**
   * The promise now in force: the asked one, or the higher one that stands. `refused` says why it is not the asked one.
   * `newest` is the newest position on this disk; nothing is added to it by older epochs after this message.
   */
  z.object({
    kind: z.literal("fenced"),
    epoch,
    holder: nameSchema,
    newest: positionSchema.nullable(),
    refused: sentence.optional(),
  }),
  /** Newest transaction durably received; at most 20 of these a second. */
  z.object({ kind: z.literal("received"), epoch, txid }),
  /** The peer's receiver as this connector sees it: at every change, and once a second while it answers. */
  z.object({
    kind: z.literal("peer"),
    receiving: z.boolean(),
    diskId: z.string().nullable(),
    epoch: epoch.nullable(),
    txid: txid.nullable(),
    /** It refuses what comes, for what comes before is missing there. */
    gap: z.boolean(),
    reason: sentence,
  }),
  /** Somebody shows a good token: may it be a member, or, with `admit`, it is to be one. Answered by `join-answer`. */
  z.object({ kind: z.literal("join-request"), id: joinId, member: memberSchema, admit: z.boolean() }),
  /** A member of the cluster asks this node's agent something. Answered by `answer`. */
  z.object({ kind: z.literal("question"), id: joinId, about: z.enum(questions) }),
  /** Sent every 500 ms: its loop turns. */
  z.object({ kind: z.literal("alive") }),
  /** The peer has a newer roster. */
  z.object({ kind: z.literal("roster"), roster: rosterSchema }),
]);
export type FromLink = z.infer<typeof fromLink>;

/** Answer of a receiver's `GET /state`. */
export const stateSchema = z.object({
  node: nameSchema,
  diskId: z.string().regex(/^[0-9a-f]{32}$/),
  fence: fenceSchema.nullable(),
  newest: positionSchema.nullable(),
  gap: z.boolean().default(false),
  rosterVersion: z.int().nonnegative(),
});
export type ReceiverState = z.infer<typeof stateSchema>;
