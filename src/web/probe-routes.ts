import { Hono } from "hono";
import { z } from "zod";
import { LeaseOver } from "../app-ports.ts";
import type { Desk } from "./desk.ts";
import { localPrimary, saysJson } from "./local-primary.ts";
import { problemAnswer } from "./problem.ts";
import { requestBound } from "./request-bound.ts";

const bodyBytesMax = 1024;
const probeBody = z.strictObject({ value: z.string().min(1).max(900) });

/** Write and list probes: for callers on this machine only, on the node whose ledger is open. */
export function probeRoutes(desk: Desk): Hono {
  const app = new Hono();
  app.use(localPrimary(desk, "probes"));

  app.get("/", (c) => c.json(desk.open()?.probes.list() ?? []));

  app.post("/", requestBound(bodyBytesMax), async (c) => {
    if (!saysJson(c.req.header("content-type"))) {
      return problemAnswer(c, { status: 415, detail: "a probe is application/json" });
    }
    const parsed = probeBody.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) {
      return problemAnswer(c, { status: 400, detail: `not a probe: ${z.prettifyError(parsed.error)}` });
    }
    const open = desk.open();
    if (!open) return problemAnswer(c, { status: 503, detail: "the ledger was closed meanwhile" });
    try {
      const outcome = await open.probes.add(parsed.data.value);
      if (outcome.kind === "refused") return problemAnswer(c, { status: 503, detail: outcome.reason });
      const { n, confirmed, epoch } = outcome;
      return c.json({ n, confirmed, epoch }, confirmed ? 200 : 202);
    } catch (error) {
      if (error instanceof LeaseOver) return problemAnswer(c, { status: 503, detail: error.message });
      throw error;
    }
  });
  return app;
}
