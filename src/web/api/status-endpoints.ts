import { statusOf, statusSchema } from "../status.ts";
import { endpoint, nothing, type Endpoint } from "./endpoint.ts";

/** What the primary does at the moment. */
export const statusEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/status",
    summary: "The primary as it is now: pair, positions, plans, jobs",
    access: "open",
    refuses: [],
    input: nothing,
    answer: statusSchema,
    handle: (_input, { desk, caller }) => statusOf(desk, caller.amounts),
  }),
];
