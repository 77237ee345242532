import { z } from "zod";
import { contentSchema } from "./ledger-digest.ts";
import { hostSchema, memberIdSchema, nameSchema, portSchema } from "./node-files.ts";

const epoch = z.int().nonnegative();
const txid = z.int().nonnegative();
const reason = z.string().max(500);

/** What a primary says of its ledger: what it holds at a position that its standby has confirmed. */
export const digestSchema = z.object({ epoch, txid, ...contentSchema.shape });
export type Digest = z.infer<typeof digestSchema>;

/** What a verification is to look at. */
export const orderSchema = z.object({
  dataDir: z.string(),
  /** The Litestream program. */
  binary: z.string(),
  primary: z.object({ name: nameSchema, id: memberIdSchema, host: hostSchema, port: portSchema }),
});
export type VerifyOrder = z.infer<typeof orderSchema>;

/** In this order. */
export const verifySteps = ["digest", "restore", "integrity", "compare"] as const;
export type VerifyStep = (typeof verifySteps)[number];

/** `undone`: nothing is known of the copy, neither good nor bad. */
export const outcomeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("sound"), epoch, txid, rows: z.int().nonnegative(), bytes: z.int().nonnegative() }),
  z.object({ kind: z.literal("damaged"), epoch, txid, reason }),
  z.object({ kind: z.literal("undone"), reason }),
]);
export type VerifyOutcome = z.infer<typeof outcomeSchema>;

/** What the process that verifies tells its agent. */
export const fromVerify = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("step"), step: z.enum(verifySteps) }),
  z.object({ kind: z.literal("outcome"), outcome: outcomeSchema }),
]);
export type FromVerify = z.infer<typeof fromVerify>;

/** What an agent answers to whoever watches a verification. */
export const verificationSchema = z.object({
  node: nameSchema,
  /** The step that it is at; null: none runs. */
  step: z.enum(verifySteps).nullable(),
  /** How many have ended since this agent started: a greater one means that the one watched has. */
  ended: z.int().nonnegative(),
  last: z.object({ outcome: outcomeSchema, tookMs: z.number().nonnegative() }).nullable(),
});
export type Verification = z.infer<typeof verificationSchema>;
