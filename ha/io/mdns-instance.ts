import Bonjour from "bonjour-service";
import type { Browser, Service, ServiceConfig } from "bonjour-service";
import { type Advert, SERVICE_TYPE, encodeTxt, mdnsLabel, txtOf } from "./mdns-records.ts";

/** A sighting as it came in: nothing of it is checked yet. */
export type Sighting = { readonly txt: unknown; readonly host: string; readonly port: number };

type MdnsRecord = ReturnType<Service["records"]>[number] & { flush?: boolean };

/** Parts of bonjour-service that it calls private; its version is pinned, and they are looked at before use. */
type Mdns = {
  on(event: "error" | "warning", listener: (error: unknown) => void): void;
  respond(records: readonly MdnsRecord[], done: (error?: unknown) => void): void;
  query(name: string, type: string, done: (error?: unknown) => void): void;
};
type Insides = { readonly mdns: Mdns; readonly registry: Record<string, MdnsRecord[] | undefined> };

const SERVICES_MAX = 64;
const CLOSE_LIMIT_MS = 500;

/**
 * mDNS on one interface. bonjour-service's own ways round its traps:
 * `bind` to all with one `interface`, or it hears no queries, or needs a default route;
 * no probing, because the same name on a second interface of this node would count as a conflict;
 * the registered records are changed in place, because its re-announcements repeat those very objects;
 * our address only, not those of all interfaces.
 */
export class MdnsInstance {
  readonly #bonjour: Bonjour;
  readonly #insides: Insides;
  readonly #service: Service | null;
  readonly #browser: Browser;
  readonly #records: readonly MdnsRecord[];
  #broken: string | null = null;

  /** `advert` null: only looks round. */
  constructor(address: string, port: number, advert: Advert | null, onSighting: (sighting: Sighting) => void) {
    const options: Partial<ServiceConfig> & { interface: string; bind: string } = {
      interface: address,
      bind: "0.0.0.0",
    };
    this.#bonjour = new Bonjour(options, (error: unknown) => this.#fail(error));
    this.#insides = insidesOf(this.#bonjour);
    this.#insides.mdns.on("error", (error) => this.#fail(error));
    this.#insides.mdns.on("warning", (error) => this.#fail(error));
    const published = advert === null ? null : this.#publish(advert, port, address);
    this.#service = published?.service ?? null;
    this.#records = published?.records ?? [];
    this.#browser = this.#bonjour.find({ type: SERVICE_TYPE });
    const report = ({ txt: seen, port: seenPort, referer }: Service) => {
      if (referer !== undefined) onSighting({ txt: seen, host: referer.address, port: seenPort });
    };
    this.#browser.on("up", report);
    this.#browser.on("txt-update", report);
    this.#browser.on("srv-update", report);
  }

  /** Why this instance must be made again; null while it is well. */
  get broken(): string | null {
    return this.#broken;
  }

  #publish(advert: Advert, port: number, address: string): { service: Service; records: readonly MdnsRecord[] } {
    const label = mdnsLabel(advert.node, advert.cluster);
    const host = `${label}.local`;
    const txt = txtOf(advert);
    const service = this.#bonjour.publish({
      name: label,
      type: SERVICE_TYPE,
      port,
      host,
      txt,
      probe: false,
      disableIPv6: true,
    });
    const records = onlyThisAddress(this.#insides.registry, host, address);
    // For the goodbye; the type itself stays known, since the other node has it too.
    service.records = () =>
      records.filter(({ name }) => !name.startsWith("_services.")).map((record) => ({ ...record }));
    return { service, records };
  }

  /** Says the new role and epoch at once, and in every answer and re-announcement from now on. */
  update(advert: Advert): void {
    if (this.#service === null) return;
    const txt = txtOf(advert);
    this.#service.txt = txt;
    for (const record of this.#records) if (record.type === "TXT") record.data = encodeTxt(txt);
    // All records: a browser takes no notice of a TXT without its PTR.
    this.#insides.mdns.respond(this.#records, (error) => this.#failIf(error));
  }

  /** Asks again who is there: the first question may have been lost, and a send that fails shows a dead interface. */
  refresh(): void {
    if (this.#browser.services.length > SERVICES_MAX) this.#broken = "too many services on this network";
    this.#insides.mdns.query(`_${SERVICE_TYPE}._tcp.local`, "PTR", (error) => this.#failIf(error));
  }

  /** Says goodbye where that is still possible, and closes. */
  async close(): Promise<void> {
    this.#browser.stop();
    const service = this.#service;
    if (service !== null) await limited((done) => service.stop(done));
    await limited((done) => this.#bonjour.destroy(done));
  }

  #failIf(error: unknown): void {
    if (error !== undefined && error !== null) this.#fail(error);
  }

  /** Errors of the system break an instance; a neighbour's packet that cannot be read does not. */
  #fail(error: unknown): void {
    if (error instanceof Error && "code" in error) this.#broken ??= error.message;
  }
}

function insidesOf(bonjour: Bonjour): Insides {
  const server: unknown = Reflect.get(bonjour, "server");
  if (!isInsides(server)) throw new Error("bonjour-service has changed inside");
  return server;
}

const isInsides = (server: unknown): server is Insides =>
  typeof server === "object" && server !== null && "mdns" in server && "registry" in server;

/** The registered records, the same objects that are re-announced, with this interface's address as the only one. */
function onlyThisAddress(registry: Insides["registry"], host: string, address: string): readonly MdnsRecord[] {
  const own = registry["A"]?.filter(({ name }) => name === host) ?? [];
  for (const record of own) record.data = address;
  registry["A"] = [own[0] ?? { name: host, type: "A", ttl: 120, data: address }];
  const records = Object.values(registry).flatMap((some) => some ?? []);
  for (const record of records) if (record.type !== "PTR") record.flush = true;
  return records;
}

/** bonjour-service forgets to call back in some states: nothing waits for it longer than this. */
function limited(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CLOSE_LIMIT_MS);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
