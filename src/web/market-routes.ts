import { Hono, type Context } from "hono";
import { z } from "zod";
import type { MarketCache } from "../db/market-cache.ts";
import { indexOf, pageOf } from "../market-copy/rows.ts";
import { answerSeal, nonceHeader, questionSeal, sameSeal, sealHeader } from "../market-copy/seal.ts";
import { problemAnswer } from "./problem.ts";

/** What a primary's standby copies from it. */
export type MarketShare = { readonly cache: MarketCache; readonly key: Buffer };

const barsQuery = z.object({ symbol: z.string().min(1).max(40), from: z.coerce.number().int().nonnegative() });

/** The primary's market cache for the other member; `share` is null where there is none to give. */
export function marketRoutes(share: () => MarketShare | null): Hono {
  const app = new Hono();
  const sealed = (c: Context, give: (cache: MarketCache) => unknown): Response => {
    const shared = share();
    if (shared === null) return problemAnswer(c, { status: 503, detail: "this node is not the primary" });
    const { pathname, search } = new URL(c.req.url);
    const [path, nonce] = [pathname + search, c.req.header(nonceHeader) ?? ""];
    if (!/^[0-9a-f]{32}$/.test(nonce) || !sameSeal(c.req.header(sealHeader), questionSeal(shared.key, nonce, path))) {
      return problemAnswer(c, { status: 403, detail: "only the other member may copy the market cache" });
    }
    const body = JSON.stringify(give(shared.cache));
    c.header("content-type", "application/json");
    c.header(sealHeader, answerSeal(shared.key, nonce, path, body));
    return c.body(body);
  };
  app.get("/index", (c) => sealed(c, indexOf));
  app.get("/bars", (c) => {
    const { success, data } = barsQuery.safeParse(c.req.query());
    if (!success) return problemAnswer(c, { status: 400, detail: "symbol and from are needed" });
    return sealed(c, (cache) => pageOf(cache, data.symbol, data.from));
  });
  return app;
}
