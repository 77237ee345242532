import type { MiddlewareHandler } from "hono";
import { isLocalCaller } from "./caller.ts";
import type { Desk } from "./desk.ts";
import { problemAnswer } from "./problem.ts";

/** Lets callers on this machine through, on the node whose ledger is open; `what` names what the others may not use. */
export const localPrimary =
  (desk: Desk, what: string): MiddlewareHandler =>
  async (c, next) => {
    if (!isLocalCaller(c)) {
      return problemAnswer(c, { status: 403, detail: `Only callers on this machine may use ${what}.` });
    }
    if (!desk.open()) {
      const detail = `${desk.node} has no open ledger: it is not the primary`;
      return problemAnswer(c, { status: 503, detail }, { node: desk.node });
    }
    return next();
  };

/** Whether a request's body says to be JSON: no page of another site can send that without being asked first. */
export const saysJson = (contentType: string | undefined): boolean =>
  /^application\/json\s*(;|$)/i.test(contentType ?? "");
