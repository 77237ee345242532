import { z } from "zod";
import { scopeSchema, tokenNameSchema } from "../api-tokens.ts";
import { endpoint, nothing, refuse, type Endpoint } from "./endpoint.ts";

/** Tokens with which scripts use the API: made, listed and voided by the owner. */
export const tokenEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/tokens",
    summary: "The tokens of scripts, without the tokens themselves",
    access: "owner",
    refuses: [],
    input: nothing,
    answer: z.object({
      tokens: z.array(z.object({ name: tokenNameSchema, scope: scopeSchema, madeAt: z.iso.datetime() })),
    }),
    handle: (_input, { open }) => ({ tokens: [...open.apiTokens.list()] }),
  }),
  endpoint({
    method: "post",
    path: "/api/tokens",
    summary: "Makes a token; it is shown this once",
    access: "owner",
    refuses: [409],
    input: z.object({ body: z.strictObject({ name: tokenNameSchema, scope: scopeSchema }) }),
    answer: z.object({ token: z.string(), confirmed: z.boolean() }),
    async handle({ body }, { open }) {
      const made = await open.apiTokens.make(body.name, body.scope);
      if (made.kind === "made") return { token: made.token, confirmed: made.confirmed };
      return refuse({ status: 409, detail: made.reason, field: "name", remedy: "Choose another name, or revoke one." });
    },
  }),
  endpoint({
    method: "delete",
    path: "/api/tokens/{name}",
    summary: "Voids a token",
    access: "owner",
    refuses: [404],
    input: z.object({ params: z.object({ name: tokenNameSchema }) }),
    answer: z.object({ revoked: z.int(), confirmed: z.boolean() }),
    async handle({ params }, { open }) {
      const done = await open.apiTokens.revoke(params.name);
      if (done.revoked > 0) return done;
      return refuse({ status: 404, detail: `There is no token "${params.name}".`, field: "name" });
    },
  }),
];
