import type { MiddlewareHandler } from "hono";
import { problemAnswer } from "./problem.ts";

/**
 * Refuses a request with a longer body, and one that does not say how long its body is: to what it says, Node's parser
 * holds it. (hono's own bound copies the request, which this server's requests do not let it.)
 */
export const requestBound =
  (bytesMax: number): MiddlewareHandler =>
  async (c, next) => {
    if (c.req.header("transfer-encoding") !== undefined) {
      return problemAnswer(c, { status: 411, detail: "A request says how long its body is.", field: "Content-Length" });
    }
    if (Number(c.req.header("content-length") ?? 0) > bytesMax) {
      return problemAnswer(c, { status: 413, detail: `a request has at most ${bytesMax} bytes` });
    }
    return next();
  };
