import type { Context } from "hono";

/** The fields of a form; a field that is not a text, or is there twice, is absent. */
export async function readForm(c: Context): Promise<Readonly<Record<string, string | undefined>>> {
  const body = await c.req.parseBody({ all: true }).catch(() => ({}));
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
