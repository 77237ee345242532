import { z } from "zod";

/** What a client may ask of the exchange, by the name under which a script disturbs it. */
const operations = ["place", "look-up", "list", "cancel", "positions", "account", "activities", "clock"] as const;
export type Operation = (typeof operations)[number];

const FAULTS_MAX = 100;
const TIMES_MAX = 1_000;
const MS_MAX = 60_000;

const on = z.enum(operations);
const times = z.int().min(1).max(TIMES_MAX).default(1);
const ms = z.int().min(1).max(MS_MAX);
/** Whether the exchange carries the request out before it fails the one that asked. */
const done = z.boolean();

/** One disturbance of the next `times` requests of an operation. */
const fault = z.discriminatedUnion("fault", [
  /** Carried out at once, answered after this time. */
  z.strictObject({ fault: z.literal("slow"), on, times, ms }),
  /** Carried out, and answered, only after this time: a request that was on its way for long. */
  z.strictObject({ fault: z.literal("late"), on, times, ms }),
  z.strictObject({ fault: z.literal("silent"), on, times, done }),
  z.strictObject({ fault: z.literal("status"), on, times, done, status: z.int().min(400).max(599) }),
  /** Carried out twice, as by a proxy that tries again; the second answer goes out. */
  z.strictObject({ fault: z.literal("repeat"), on, times }),
  /** The same answer twice on one connection. */
  z.strictObject({ fault: z.literal("double-answer"), on, times }),
  /** The order fills for this many shares, and what is left then waits, fills, or ends. */
  z.strictObject({
    fault: z.literal("partial"),
    on: z.literal("place"),
    times,
    qty: z.int().positive(),
    rest: z.enum(["wait", "fill", "cancel", "expire"]),
  }),
  /** The process ends as by SIGKILL. */
  z.strictObject({ fault: z.literal("die"), on, times, done }),
]);
export type Fault = z.infer<typeof fault>;
export type PartialFill = Pick<Extract<Fault, { fault: "partial" }>, "qty" | "rest">;

/** What is still to be disturbed, in the order in which it was written. Bounded. */
export const faultScript = z.array(fault).max(FAULTS_MAX);
export type FaultScript = readonly Fault[];

/** The first fault of the script for this operation, and the script without that one time of it. */
export function takeFault(
  script: FaultScript,
  operation: Operation,
): { readonly fault: Fault | null; readonly left: FaultScript } {
  const at = script.findIndex((one) => one.on === operation);
  const found = script[at];
  if (found === undefined) return { fault: null, left: script };
  const rest = found.times > 1 ? [{ ...found, times: found.times - 1 }] : [];
  return { fault: found, left: [...script.slice(0, at), ...rest, ...script.slice(at + 1)] };
}

/** Which operation a request is; null for what no script disturbs. */
export function operationOf(method: string, path: string): Operation | null {
  if (path === "/v2/orders") return method === "POST" ? "place" : "list";
  if (path === "/v2/orders:by_client_order_id") return "look-up";
  if (path.startsWith("/v2/orders/")) return method === "DELETE" ? "cancel" : "look-up";
  if (path === "/v2/positions") return "positions";
  if (path === "/v2/account") return "account";
  if (path === "/v2/account/activities") return "activities";
  return path === "/v2/clock" ? "clock" : null;
}
