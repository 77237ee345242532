import type { z } from "zod";

/** An answer whose body is what was expected; `value` is null when it is not. */
export type Answer<T> = { readonly status: number; readonly value: T | null };

/** GETs JSON from loopback; null when nobody answers within the limit. Any status is an answer. */
export async function getJson<T>(url: string, schema: z.ZodType<T>, limitMs: number): Promise<Answer<T> | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
    const parsed = schema.safeParse(await response.json().catch(() => null));
    return { status: response.status, value: parsed.success ? parsed.data : null };
  } catch {
    return null;
  }
}
