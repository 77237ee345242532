import { isIP } from "node:net";
import type { Name } from "../core/messages.ts";

/** Where a datagram can be sent: an IP address, never a host name. */
export type Address = { readonly host: string; readonly port: number };
/** `roster` is what the operator said, `hint` what mDNS says, `learned` where signed datagrams came from. */
type Page = { roster: readonly Address[]; hint: readonly Entry[]; learned: readonly Entry[] };
type Entry = Address & { readonly seenMs: number };

const MEMBERS_MAX = 8;
const PER_SOURCE_MAX = 4;
const KEPT_FOR_MS = 60_000;

/**
 * Every address known of each member, bounded for each source, so that no source displaces another. A member on two
 * networks has two: whoever sends to all of them does not care which one fails.
 */
export class AddressBook {
  readonly #pages = new Map<Name, Page>();

  /** `name` is a member, wherever it may be: hints of it are taken. */
  expect(name: Name): void {
    this.#page(name);
  }

  /** Replaces what the roster says of `name`; anything that is not an IP address with a port is left out. */
  set(name: Name, addresses: readonly Address[]): void {
    const page = this.#page(name);
    if (page !== null) page.roster = addresses.filter(isAddress).slice(0, PER_SOURCE_MAX);
  }

  /** Somebody unknown says that `name` is there. Only of members, or strangers' names would fill the book. */
  hint(name: Name, address: Address, nowMs: number): void {
    const page = this.#pages.get(name);
    if (page !== undefined && isAddress(address)) page.hint = withNewest(page.hint, address, nowMs);
  }

  /** `name` was heard from this address just now; the address longest unheard makes room. */
  learn(name: Name, address: Address, nowMs: number): void {
    const page = this.#page(name);
    if (page !== null && isAddress(address)) page.learned = withNewest(page.learned, address, nowMs);
  }

  /** When `name` was heard last, where that is within the last minute. */
  heardMs(name: Name, nowMs: number): number | null {
    const seenMs = this.#pages.get(name)?.learned[0]?.seenMs ?? null;
    return seenMs !== null && nowMs - seenMs <= KEPT_FOR_MS ? seenMs : null;
  }

  /** All addresses to send to, each once: the roster's, then those of the last minute, hinted and heard. */
  of(name: Name, nowMs: number): readonly Address[] {
    const page = this.#pages.get(name);
    if (page === undefined) return [];
    const recent = [...page.hint, ...page.learned].filter(({ seenMs }) => nowMs - seenMs <= KEPT_FOR_MS);
    const all = new Map<string, Address>();
    for (const { host, port } of [...page.roster, ...recent]) {
      const key = `${host} ${port}`;
      if (!all.has(key)) all.set(key, { host, port });
    }
    return [...all.values()];
  }

  /**
   * Where to reach `name` by other means than datagrams: at `present` while it is heard there or nowhere, otherwise
   * where it was heard last. A host name is left as it is: its address is followed by whoever looks it up.
   */
  follow(name: Name, present: string, withinMs: number, nowMs: number): string {
    const heard = this.#pages.get(name)?.learned.filter(({ seenMs }) => nowMs - seenMs <= withinMs) ?? [];
    if (isIP(present) === 0 || heard.some(({ host }) => host === present)) return present;
    return heard[0]?.host ?? present;
  }

  #page(name: Name): Page | null {
    const known = this.#pages.get(name);
    if (known !== undefined) return known;
    if (this.#pages.size >= MEMBERS_MAX) return null;
    const page: Page = { roster: [], hint: [], learned: [] };
    this.#pages.set(name, page);
    return page;
  }
}

function withNewest(entries: readonly Entry[], { host, port }: Address, seenMs: number): readonly Entry[] {
  const others = entries.filter((entry) => entry.host !== host || entry.port !== port);
  return [{ host, port, seenMs }, ...others].slice(0, PER_SOURCE_MAX);
}

const isAddress = ({ host, port }: Address): boolean =>
  isIP(host) !== 0 && Number.isInteger(port) && port > 0 && port < 65_536;
