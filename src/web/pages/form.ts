import type { Context } from "hono";

export type Form = Readonly<Record<string, string | undefined>>;

/** The fields of a form; a field that is not a text, or is there twice, is absent. */
export async function readForm(c: Context): Promise<Form> {
  const body = await c.req.parseBody({ all: true }).catch(() => ({}));
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
