import { timingSafeEqual } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { Desk } from "./desk.ts";
import type { Problem } from "./problem.ts";
import { commandProof } from "./web-secrets.ts";

/** Set on a request that one node forwards to the other, with the forwarding node's name. */
export const forwardedHeader = "x-trader-forwarded-by";
/** Set on every answer, with the name of the node that gave it. */
export const answeredHeader = "x-trader-answered-by";
export const sessionCookie = "trader-session";

/** Who asks: what may be shown and changed. */
export type Caller = {
  /** Money and quantities are for whoever is logged in, brings a token, or sits on the machine. */
  readonly amounts: boolean;
  readonly by: "session" | "write-token" | "read-token" | "machine" | "nobody";
  /** The session's id. */
  readonly session: string | null;
};

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

/** Who asks, as the open ledger knows it. */
export function callerOf(c: Context, desk: Desk): Caller {
  const open = desk.open();
  const bearer = bearerOf(c);
  const scope = bearer === null ? null : (open?.apiTokens.scopeOf(bearer) ?? null);
  if (scope !== null) return { amounts: true, by: scope === "write" ? "write-token" : "read-token", session: null };
  const session = sessionOf(c, desk);
  if (session !== null) return { amounts: true, by: "session", session };
  const isLocal = isLocalCaller(c);
  return { amounts: isLocal, by: isLocal ? "machine" : "nobody", session: null };
}

function sessionOf(c: Context, desk: Desk): string | null {
  const token = getCookie(c, sessionCookie);
  if (token === undefined || !/^[\w-]{32}$/.test(token)) return null;
  const { passwordHash } = desk.secrets();
  return passwordHash === null ? null : (desk.open()?.sessions.find(token, passwordHash, desk.realNowMs()) ?? null);
}

/** The token of an `Authorization: Bearer` header; null without one that could be ours. */
export function bearerOf(c: Context): string | null {
  const [, token] = /^Bearer ([\w-]{8,128})$/.exec(c.req.header("authorization") ?? "") ?? [];
  return token ?? null;
}

/** Why this caller may change nothing; null: it may. */
export function writeRefusal(c: Context, { by }: Caller): Problem | null {
  const remedy = 'Log in at /login, or send a token that "trader api-token create --write" made.';
  if (by === "write-token") return null;
  if (by === "read-token") return { status: 403, detail: "This token may read, and changes nothing.", remedy };
  if (by !== "session") return { status: 401, detail: "Only who is logged in changes anything.", remedy };
  return isOwnPage(c.req.raw.headers) ? null : otherSite;
}

export const otherSite: Problem = {
  status: 403,
  detail: "This request does not come from a page of this address.",
  remedy: "Use the page itself; a proxy in front of it has to pass the Host header on.",
};

/**
 * Whether the browser says that a page of this very address sends this: the cookie alone would also come along from
 * another port of this host. A request that says nothing of where it comes from is none of a page's.
 */
export function isOwnPage(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  // Browsers send that one to https and to the machine itself only.
  if (site !== null) return site === "same-origin";
  const origin = headers.get("origin");
  return origin !== null && URL.canParse(origin) && new URL(origin).host === headers.get("host");
}

/** Whether it is a command of this node: on this machine, and able to read its secrets. */
export function isOwnCommand(c: Context, desk: Desk): boolean {
  const proof = bearerOf(c);
  if (proof === null || !isLocalCaller(c)) return false;
  const expected = Buffer.from(commandProof(desk.secrets().clusterSecret));
  const given = Buffer.from(proof);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
