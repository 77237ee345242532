import { request as httpsRequest } from "node:https";
import { z } from "zod";
import { readBody } from "./http-body.ts";
import { connectionTo } from "./identity.ts";
import type { Identity } from "./identity.ts";
import type { Sending } from "./peer-watch.ts";
import type { Question } from "./protocol.ts";

const places: Readonly<Record<Question, { readonly method: "GET" | "POST"; readonly path: string }>> = {
  digest: { method: "GET", path: "/digest" },
  verify: { method: "POST", path: "/verify" },
  verification: { method: "GET", path: "/verify" },
  history: { method: "GET", path: "/history" },
};

/** Where a receiver takes members' questions to its agent. */
export const QUESTION_PATHS: ReadonlySet<string> = new Set(Object.values(places).map(({ path }) => path));

/** What a request asks; null: no question has this method. */
export function questionOf(method: string | undefined, path: string | undefined): Question | null {
  const kinds: readonly Question[] = ["digest", "verify", "verification", "history"];
  return kinds.find((kind) => places[kind].method === method && places[kind].path === path) ?? null;
}

const refusalSchema = z.object({ error: z.string() });
const ANSWER_BYTES_MAX = 512 * 1024;

/** Asks another member's agent through its receiver, over mutual TLS; rejects with what it says when it refuses. */
export async function askMember<T>(
  peer: Sending["peer"],
  identity: Identity,
  about: Question,
  schema: z.ZodType<T>,
  limitMs: number,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const asked = httpsRequest(
    {
      ...connectionTo(peer, identity),
      ...places[about],
      signal: AbortSignal.timeout(limitMs),
    },
    (response) => {
      readBody(response, ANSWER_BYTES_MAX).then(
        (text) => resolve({ status: response.statusCode ?? 0, text: text ?? "" }),
        reject,
      );
    },
  );
  asked.on("error", reject);
  asked.end();
  const { status, text } = await promise;
  if (status === 200) return schema.parse(JSON.parse(text));
  throw new Error(refusalOf(text) ?? `${peer.name} answers ${status}`);
}

function refusalOf(text: string): string | null {
  try {
    return refusalSchema.parse(JSON.parse(text)).error;
  } catch {
    return null;
  }
}
