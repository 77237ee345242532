import type Bonjour from "bonjour-service";
import type { Service } from "bonjour-service";

/** A record of bonjour-service's; `flush` is dns-packet's: it replaces what others remember under this name. */
export type MdnsRecord = ReturnType<Service["records"]>[number] & { flush?: boolean };
type Packet = { answers: readonly MdnsRecord[]; additionals: readonly MdnsRecord[] };

type Mdns = {
  on(event: "error" | "warning", listener: (error: unknown) => void): void;
  on(event: "response", listener: (packet: Packet, from: { readonly address: string }) => void): void;
  prependListener(event: "query", listener: () => void): void;
  prependListener(event: "response", listener: (packet: Packet, from: { readonly address: string }) => void): void;
  respond(records: readonly MdnsRecord[], done: (error?: unknown) => void): void;
  query(questions: readonly { name: string; type: string }[], done: (error?: unknown) => void): void;
};

/** Parts of bonjour-service that it calls private; its version is pinned, and they are looked at before use. */
export type Insides = { readonly mdns: Mdns; readonly registry: Record<string, MdnsRecord[] | undefined> };

const CLOSE_LIMIT_MS = 500;
/** Short, since a killed node says no goodbye: what it was is soon forgotten. */
const TTL_SECONDS: Readonly<Record<string, number>> = { PTR: 120, TXT: 30 };

/** Throws when this is another bonjour-service than the one that is known. */
export function insidesOf(bonjour: Bonjour): Insides {
  const server: unknown = Reflect.get(bonjour, "server");
  if (!isInsides(server)) throw new Error("bonjour-service has changed inside");
  return server;
}

const isInsides = (server: unknown): server is Insides =>
  typeof server === "object" && server !== null && "mdns" in server && "registry" in server;

/**
 * Empties what comes from elsewhere before anybody reads it. Linux gives each socket what any of them has subscribed to,
 * and a browser that has heard of a service on one interface says nothing of it when it is heard on its own.
 */
export function hearOnly(mdns: Insides["mdns"], isHere: (address: string) => boolean): void {
  mdns.prependListener("response", (packet, { address }) => {
    if (!isHere(address)) packet.answers = packet.additionals = [];
  });
}

/**
 * The registered records, the same objects that are re-announced, with these addresses only. bonjour-service made one
 * record for each address of the machine: they take ours in turn, and what it made too few of is added.
 */
export function onlyThese(
  registry: Insides["registry"],
  host: string,
  addresses: readonly string[],
): readonly MdnsRecord[] {
  const made = registry["A"]?.filter(({ name }) => name === host) ?? [];
  for (const [at, record] of made.entries()) record.data = addresses[at % addresses.length];
  registry["A"] = addresses.map((data, at) => made[at] ?? { name: host, type: "A", ttl: 120, data });
  const records = Object.values(registry).flatMap((some) => some ?? []);
  for (const record of records) {
    if (record.type !== "PTR") record.flush = true;
    record.ttl = TTL_SECONDS[record.type] ?? record.ttl;
  }
  return records;
}

/** Waits half a second at most: bonjour-service forgets to call back in some states. */
export function limited(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CLOSE_LIMIT_MS);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
