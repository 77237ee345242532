import { z } from "zod";
import type {
  Enrolment,
  LeaseRelease,
  LeaseReply,
  LeaseRequest,
  Message,
  Refusal,
  VoterRecord,
} from "../core/messages.ts";
import { memberIdSchema, nameSchema, rosterSchema } from "./node-files.ts";

/** What may come in over the network or from a disk, with a bound on every field. */

const count = z.int().nonnegative();
const runId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const position = z.object({ epoch: count, txid: count });
const purpose = z.enum(["ask", "elect", "renew"]);

const sync = z.object({
  inSync: z.array(nameSchema).max(8),
  paused: z.boolean(),
  setEpoch: count,
  setVersion: count,
});

/** A voter's record as it is kept in the vote file and carried in messages. */
export const voterRecordSchema: z.ZodType<VoterRecord> = z.object({
  epoch: count,
  holder: nameSchema.nullable(),
  released: z.boolean(),
  sync,
});

const envelope = { from: nameSchema, to: nameSchema, boot: runId };

const request: z.ZodType<LeaseRequest> = z.object({
  kind: z.literal("request"),
  ...envelope,
  seq: count,
  voterBoot: runId.nullable(),
  purpose,
  epoch: count,
  sync,
  operator: z.boolean(),
  force: z.boolean(),
  position,
  fit: z.boolean(),
});

/** Exactly the core's refusals: one more or one fewer there does not compile here. */
const refusal = z.enum({
  blank: "blank",
  "unknown-boot": "unknown-boot",
  abstaining: "abstaining",
  "stale-epoch": "stale-epoch",
  promised: "promised",
  released: "released",
  "not-in-sync": "not-in-sync",
  "other-run": "other-run",
  paused: "paused",
} satisfies { [R in Refusal]: R });

const reply: z.ZodType<LeaseReply> = z.object({
  kind: z.literal("reply"),
  ...envelope,
  echoBoot: runId,
  echoSeq: count,
  purpose,
  epoch: count,
  granted: z.boolean(),
  refusal: refusal.nullable(),
  waitMs: z.number().min(0).max(3_600_000),
  record: voterRecordSchema.nullable(),
  nonce: runId.nullable(),
  position,
  fit: z.boolean(),
});

const release: z.ZodType<LeaseRelease> = z.object({
  kind: z.literal("release"),
  ...envelope,
  seq: count,
  epoch: count,
  successor: nameSchema.nullable(),
});

const enrolment: z.ZodType<Enrolment> = z.object({
  kind: z.literal("enrol"),
  ...envelope,
  seq: count,
  voterBoot: runId,
  nonce: runId,
  record: voterRecordSchema,
});

/** Any message of the core; unknown fields are dropped, so that a newer minor version may add some. */
export const messageSchema: z.ZodType<Message> = z.union([request, reply, release, enrolment]);

export const stampSchema = z.object({ id: memberIdSchema, roster: count });
/** What every datagram says of its sender beside its name: the id of its key, and the version of the roster it has. */
export type Stamp = z.infer<typeof stampSchema>;

export const rosterNoticeSchema = z.object({
  kind: z.literal("roster"),
  from: nameSchema,
  to: nameSchema,
  roster: rosterSchema,
});
/** The roster of its sender, for one who has an older one, or none. */
export type RosterNotice = z.infer<typeof rosterNoticeSchema>;
