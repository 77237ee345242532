import type { Endpoint } from "./endpoint.ts";
import { statusEndpoints } from "./status-endpoints.ts";
import { tokenEndpoints } from "./token-endpoints.ts";

/** Every operation of the API, in the order of its document. */
export const endpoints: readonly Endpoint[] = [...statusEndpoints, ...tokenEndpoints];
