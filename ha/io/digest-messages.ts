import { z } from "zod";
import { contentSchema } from "./ledger-digest.ts";

/** What an agent and its reader of the ledger say to each other; both sides validate with these schemas. */
export const toDigest = z.discriminatedUnion("kind", [
  /** A sync that started after the snapshot has ended. */
  z.object({ kind: z.literal("synced") }),
  /** Take another snapshot. */
  z.object({ kind: z.literal("again") }),
]);

export const fromDigest = z.discriminatedUnion("kind", [
  /** A snapshot is open from now on. */
  z.object({ kind: z.literal("snapshot") }),
  /** Something was committed after it. */
  z.object({ kind: z.literal("overtaken") }),
  z.object({ kind: z.literal("content"), ...contentSchema.shape }),
]);
export type FromDigest = z.infer<typeof fromDigest>;
