import { ledDisplay, type LedDisplay } from "../led/display.ts";
import { readBounded } from "../web/bounded-body.ts";

const limitMs = 1_500;
const bytesMax = 64 * 1024;

export type Answer =
  | { readonly kind: "answered"; readonly display: LedDisplay }
  /** `reason` is for people. */
  | { readonly kind: "none"; readonly reason: string };

/** Asks a node for the picture of the primary, itself or through it. Ends within 1.5 s and never rejects. */
export async function ask(address: string, token: string | null, fetcher: typeof fetch = fetch): Promise<Answer> {
  try {
    const response = await fetcher(`http://${address}/api/status/led/display?of=primary`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      redirect: "error",
      signal: AbortSignal.timeout(limitMs),
    });
    const text = Buffer.from((await readBounded(response, bytesMax)) ?? []).toString();
    const parsed = response.ok ? ledDisplay.safeParse(JSON.parse(text)) : null;
    if (parsed?.success) return { kind: "answered", display: parsed.data };
    return none(address, response.ok ? "answered with something else" : `says ${response.status}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const late = cause instanceof Error && cause.name === "TimeoutError";
    const why = late
      ? "does not answer"
      : `cannot be asked (${cause instanceof Error ? cause.message : String(cause)})`;
    return none(address, why);
  }
}

const none = (address: string, why: string): Answer => ({ kind: "none", reason: `${address} ${why}` });
