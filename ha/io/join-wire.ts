import { z } from "zod";
import { memberSchema, nameSchema, presetSchema, rosterSchema, secretsSchema } from "./node-files.ts";

/** What a joiner and the founder's link say over `POST /join` and `/join/check`; both sides validate with these schemas. */

const pemText = z.string().min(50).max(4000);

/** The secret of a token, who wants to be a member, and a signing request for the key that stays there. */
export const joinAskSchema = z.object({
  secret: z.string().min(1).max(100),
  member: memberSchema
    .omit({ id: true })
    .refine(
      (m) => (m.kind === "node") === (m.linkPort !== undefined && m.appPort !== undefined),
      "a node has an app port and a link port, a witness neither",
    ),
  request: pemText,
});
export type JoinAsk = z.infer<typeof joinAskSchema>;

/** All that a member needs; the broker's keys and the authority's key are for nodes only. */
export const joinAnswerSchema = z.object({
  cluster: nameSchema,
  preset: presetSchema,
  certificate: pemText,
  ca: pemText,
  caKey: pemText.optional(),
  secrets: secretsSchema,
  roster: rosterSchema,
  initialRecord: z.record(z.string(), z.unknown()).nullable(),
});
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;

/** The answer to `/join/check`: it would be admitted. How large the ledger is that it will get; 0 where there is none. */
export const joinCheckSchema = z.object({ cluster: nameSchema, ledgerBytes: z.int().nonnegative() });
export type JoinCheck = z.infer<typeof joinCheckSchema>;

/** The answer to a joiner who is not admitted: a sentence for the person at the keyboard. */
export const joinErrorSchema = z.object({ error: z.string().min(1).max(1000) });
