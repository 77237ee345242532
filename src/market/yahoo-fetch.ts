import { z } from "zod";
import { SourceFault } from "./source-fault.ts";

/** An answer to one request, from its turn to its last byte. */
const REQUEST_LIMIT_MS = 10_000;

/** How Yahoo says no: one key with an error of its own, such as "No data found" or "Invalid Crumb". */
const refusal = z.record(z.string(), z.object({ error: z.object({ code: z.string(), description: z.string() }) }));

/**
 * A fetch for yahoo-finance2: each request waits for its turn, the handshake's too, and has a time limit that begins
 * then. Answers that are no success end here unless they say why in Yahoo's own form: the library would take some for a
 * crumb, and print the address of others with the crumb in it. Throws a `SourceFault`.
 */
export const guardedFetch =
  (
    fetchFn: typeof fetch,
    turn: (signal: AbortSignal) => Promise<void>,
    limitOf: (ms: number) => AbortSignal,
  ): typeof fetch =>
  async (input, init) => {
    const given = init?.signal ?? new AbortController().signal;
    await turn(given);
    const limit = limitOf(REQUEST_LIMIT_MS);
    const signal = AbortSignal.any([given, limit]);
    try {
      const response = await fetchFn(input, { ...init, signal });
      const text = await response.text();
      // A redirect's body is nothing to anybody, and has no status that a new response may have beside one.
      if (response.status < 400) return withText(response, text);
      if (saysWhy(response.status, text)) return withText(response, text);
      const kind = response.status === 429 || response.status >= 500 ? "passing" : "final";
      const retryAfterMs = Number(response.headers.get("retry-after") ?? 0) * 1_000 || null;
      throw new SourceFault(`the market source answered with status ${response.status}`, kind, retryAfterMs);
    } catch (error) {
      if (error instanceof SourceFault) throw error;
      given.throwIfAborted();
      if (limit.aborted)
        throw new SourceFault(`the market source did not answer within ${REQUEST_LIMIT_MS / 1000} s`, "passing");
      throw new SourceFault(`the market source cannot be reached: ${causeOf(error)}`, "passing");
    }
  };

function saysWhy(status: number, text: string): boolean {
  if (status === 429 || status >= 500) return false;
  try {
    return refusal.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

const withText = ({ status, statusText, headers }: Response, text: string): Response =>
  new Response(text === "" ? null : text, { status, statusText, headers });

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};
