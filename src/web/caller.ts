import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";

/** Set on a request that one node forwards to the other, with the forwarding node's name. */
export const forwardedHeader = "x-trader-forwarded-by";
/** Set on every answer, with the name of the node that gave it. */
export const answeredHeader = "x-trader-answered-by";

/** Is this an address of this very machine? Accepts IPv4, IPv6 and IPv4 mapped into IPv6. */
const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(::1|(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i.test(address);

/**
 * Does the caller sit on this machine and mean it? The socket's other end is loopback, the request was not
 * forwarded, and it names this machine (a browser page that had its own name resolved to loopback does not).
 */
export function isLocalCaller(c: Context): boolean {
  const { hostname } = new URL(c.req.url);
  const namesThisMachine = hostname === "localhost" || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));
  return isLoopback(getConnInfo(c).remote.address) && namesThisMachine && !c.req.header(forwardedHeader);
}
