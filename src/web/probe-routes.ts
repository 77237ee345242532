import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { LeaseOver } from "../app-ports.ts";
import type { Desk } from "./desk.ts";
import { localPrimary, saysJson } from "./local-primary.ts";

const bodyBytesMax = 1024;
const probeBody = z.strictObject({ value: z.string().min(1).max(900) });

/** Write and list probes: for callers on this machine only, on the node whose ledger is open. */
export function probeRoutes(desk: Desk): Hono {
  const app = new Hono();
  app.use(localPrimary(desk, "probes"));

  app.get("/", (c) => c.json(desk.open()?.probes.list() ?? []));

  const small = bodyLimit({
    maxSize: bodyBytesMax,
    onError: (c) => c.json({ error: `a probe has at most ${bodyBytesMax} bytes` }, 413),
  });
  app.post("/", small, async (c) => {
    if (!saysJson(c.req.header("content-type"))) {
      return c.json({ error: "a probe is application/json" }, 415);
    }
    const parsed = probeBody.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ error: `not a probe: ${z.prettifyError(parsed.error)}` }, 400);
    const open = desk.open();
    if (!open) return c.json({ error: "the ledger was closed meanwhile" }, 503);
    try {
      const outcome = await open.probes.add(parsed.data.value);
      if (outcome.kind === "refused") return c.json({ error: outcome.reason }, 503);
      const { n, confirmed, epoch } = outcome;
      return c.json({ n, confirmed, epoch }, confirmed ? 200 : 202);
    } catch (error) {
      if (error instanceof LeaseOver) return c.json({ error: error.message }, 503);
      throw error;
    }
  });
  return app;
}
