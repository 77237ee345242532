import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "./durable-file.ts";
import { fetchAuthority, JoinError, TimeoutError } from "./join-call.ts";
import type { Address, Desk } from "./join-call.ts";
import type { Token } from "./tokens.ts";

/** How the member that made a token is looked for. */
export type Search = {
  /** An address that a person gave instead of the token's; null: none. */
  readonly at: string | null;
  /** For an address to answer in. One that refuses may be a node that starts: it is asked again as long as this. */
  readonly limitMs: number;
  /** Listens to mDNS for a while: where the founder says that it is, or null. Absent: there is no mDNS. */
  readonly listen?: (() => Promise<string | null>) | undefined;
};

/** Where the member was found, and by what: its token, mDNS, or an address that was given. */
export type Found = Desk & { readonly by: "token" | "mdns" | "given" };

const KNOCK_EVERY_MS = 250;

/** Tries the addresses that are known, then the one that mDNS says; throws JoinError with what each of them did. */
export async function findDesk(token: Token, { at, limitMs, listen }: Search): Promise<Found> {
  const linkPort = token.addresses.at(-1)?.port ?? 0;
  const tried: string[] = [];
  const attempt = async (address: Address, by: Found["by"]): Promise<Found | null> => {
    const result = await knock(address, token, limitMs);
    if (typeof result === "object") return { ...result, by };
    tried.push(`${address.host}:${address.port} ${result}`);
    return null;
  };
  const known = at === null ? token.addresses : [{ host: at, port: linkPort }];
  for (const address of known) {
    const found = await attempt(address, at === null ? "token" : "given");
    if (found !== null) return found;
  }
  const heard = (await listen?.()) ?? null;
  if (heard !== null && !known.some(({ host }) => host === heard)) {
    const found = await attempt({ host: heard, port: linkPort }, "mdns");
    if (found !== null) return found;
  }
  throw new JoinError(
    `${token.founder}, which made the token, was not found. ${tried.join("; ")}.${mdnsText(listen, heard, at)}`,
  );
}

function mdnsText(listen: Search["listen"], heard: string | null, at: string | null): string {
  if (listen === undefined || heard !== null) return "";
  const nothing = " mDNS says nothing of it either, which does not pass on every network.";
  return at === null ? `${nothing} If it has another address now, give it: --at ADDRESS.` : nothing;
}

/** A desk, or why there is none, as the end of a sentence. */
async function knock(address: Address, token: Token, limitMs: number): Promise<Desk | string> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      const authority = await fetchAuthority(address, token, limitMs);
      return authority === null ? "is not of the cluster that made this token" : { address, authority };
    } catch (error) {
      if (errorCode(error) !== "ECONNREFUSED" || performance.now() + KNOCK_EVERY_MS > endMs)
        return troubleOf(error, address.port, token.founder);
      await delay(KNOCK_EVERY_MS);
    }
  }
}

function troubleOf(error: unknown, port: number, founder: string): string {
  const code = errorCode(error);
  if (error instanceof TimeoutError || code === "ETIMEDOUT")
    return `gives no answer: it is off, or a firewall drops packets (on ${founder}, allow TCP ${port}, and the port of its heartbeats, 8008 as a rule, for UDP and TCP)`;
  if (code === "ECONNREFUSED") return `refuses (ECONNREFUSED): nothing runs there; on ${founder}, start it: trader run`;
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return `cannot be reached from here (${code}): both must be on one network, or have a route`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `is not known to the resolver (${code})`;
  return `fails (${error instanceof Error ? error.message : String(error)})`;
}
