import { readBounded } from "./bounded-body.ts";
import { answeredHeader, forwardedHeader, sessionCookie } from "./caller.ts";

const limitMs = 5_000;
const bytesMax = 4 * 1024 * 1024;

/** `absent` and `loop` are truths about the pair, `failed` about the attempt. */
export type Forwarded =
  | { readonly kind: "answered"; readonly response: Response }
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "loop"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Asks the primary for what a standby was asked (GET or HEAD); never forwards what was forwarded already. */
export async function forward(
  request: Request,
  node: string,
  primaryApp: string | null,
  fetcher: typeof fetch,
): Promise<Forwarded> {
  if (request.headers.has(forwardedHeader)) {
    return { kind: "loop", reason: `${node} was asked as the primary, and is a standby` };
  }
  if (primaryApp === null) return { kind: "absent", reason: "no primary is known at the moment" };
  const asked = new URL(request.url);
  const target = new URL(`http://${primaryApp}`);
  target.pathname = asked.pathname;
  target.search = asked.search;
  try {
    const answer = await fetcher(target, {
      method: request.method,
      headers: { [forwardedHeader]: node, accept: request.headers.get("accept") ?? "*/*", ...credentialsOf(request) },
      redirect: "manual",
      signal: AbortSignal.timeout(limitMs),
    });
    const body = await readBounded(answer, bytesMax);
    return { kind: "answered", response: new Response(body, { status: answer.status, headers: kept(answer) }) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return { kind: "failed", reason: `the primary at ${primaryApp} did not answer: ${why}` };
  }
}

/** A token or a session is judged by the primary; no other cookie is its business. */
function credentialsOf(request: Request): Record<string, string> {
  const authorization = request.headers.get("authorization");
  const cookie = new RegExp(`(?:^|;\\s*)(${sessionCookie}=[\\w-]+)`).exec(request.headers.get("cookie") ?? "")?.[1];
  return { ...(authorization !== null && { authorization }), ...(cookie !== undefined && { cookie }) };
}

const keptHeaders = ["content-type", "content-security-policy", "cache-control", "x-content-type-options"];
const kept = (answer: Response): Record<string, string> =>
  Object.fromEntries(
    [...keptHeaders, answeredHeader].flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
