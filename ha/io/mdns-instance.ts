import Bonjour from "bonjour-service";
import type { Browser, Service, ServiceConfig } from "bonjour-service";
import { type Insides, type MdnsRecord, hearOnly, insidesOf, limited, onlyThese } from "./bonjour-insides.ts";
import { type Alias, answers, noAlias, onClaim, withLease } from "./mdns-alias.ts";
import { type Advert, SERVICE_TYPE, aliasOf, encodeTxt, mdnsLabel, txtOf } from "./mdns-records.ts";
import { type MdnsSite, onLink } from "./mdns-sites.ts";
import type { Sighting } from "./mdns-thread.ts";

/** What every instance of a worker is told at its start. */
export type InstanceOrder = {
  /** null: only looks round. */
  readonly advert: Advert | null;
  readonly clusterId: string;
  /** The agent's port. */
  readonly port: number;
  readonly onSighting: (sighting: Sighting) => void;
  /** Another host answers to a name of ours. */
  readonly onClaim: (name: string, address: string) => void;
  /** All addresses of this machine now. */
  readonly ownAddresses: () => readonly string[];
  /** Whether this node holds the lease at this very instant. */
  readonly leads: () => boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
};

const SERVICES_MAX = 64;
/**
 * A datagram may be lost: what is new is said three times (RFC 6762, 8.3). More than a second apart, because avahi gives
 * what was replaced another second each time it hears the replacement.
 */
const SAID_AGAIN_MS = [1_500, 4_000] as const;
/** Short, since a killed node says no goodbye. */
const ALIAS_TTL_SECONDS = 10;

/**
 * mDNS on one interface. bonjour-service's own ways round its traps:
 * `bind` to all with one `interface`, or it hears no queries, or needs a default route;
 * what comes from elsewhere is not heard, or a service on two networks is seen on one of them;
 * no probing, because the same name on a second interface of this node would count as a conflict;
 * the registered records are changed in place, because its re-announcements repeat those very objects;
 * this interface's addresses only, not those of all.
 */
export class MdnsInstance {
  readonly #order: InstanceOrder;
  readonly #site: MdnsSite;
  readonly #bonjour: Bonjour;
  readonly #insides: Insides;
  readonly #service: Service | null;
  /** Empty when nothing is advertised. */
  readonly #host: string;
  readonly #aliasName: string;
  readonly #records: readonly MdnsRecord[];
  #browser: Browser;
  #alias: Alias = noAlias;
  #answersAlias = false;
  #saidAgain: NodeJS.Timeout[] = [];
  #broken: string | null = null;

  constructor(site: MdnsSite, order: InstanceOrder) {
    const { advert, clusterId } = order;
    this.#order = order;
    this.#site = site;
    const options: Partial<ServiceConfig> & { interface: string; bind: string } = {
      interface: site.addresses[0] ?? "",
      bind: "0.0.0.0",
    };
    this.#bonjour = new Bonjour(options, (error: unknown) => this.#fail(error));
    this.#insides = insidesOf(this.#bonjour);
    const { mdns } = this.#insides;
    hearOnly(mdns, onLink(site));
    mdns.on("error", (error) => this.#fail(error));
    mdns.on("warning", (error) => this.#fail(error));
    this.#host = advert === null ? "" : `${mdnsLabel({ ...advert, clusterId })}.local`;
    this.#aliasName = advert === null ? "" : aliasOf(advert.cluster);
    this.#service = advert === null ? null : this.#publish(advert);
    this.#records = this.#service === null ? [] : onlyThese(this.#insides.registry, this.#host, site.addresses);
    this.#browser = this.#browse();
    if (this.#service === null) return;
    // For the goodbye; the type itself stays known, since the other node has it too.
    this.#service.records = () =>
      this.#records.filter(({ name }) => !name.startsWith("_services.")).map((record) => ({ ...record }));
    // Before the question is answered: what waited while this process was frozen is asked of a node without a lease.
    mdns.prependListener("query", () => this.review());
    mdns.on("response", ({ answers: said }) => this.#hear(said));
    this.review();
    this.#announceAgain();
  }

  /** Why this instance must be made again; null while it is well. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Says the new role and epoch at once, twice more, and in every answer and re-announcement from now on. */
  update(advert: Advert): void {
    if (this.#service === null) return;
    const txt = txtOf(advert);
    this.#service.txt = txt;
    for (const record of this.#records) if (record.type === "TXT") record.data = encodeTxt(txt);
    this.review();
    this.#announce();
    this.#announceAgain();
  }

  /** Takes the alias with the lease, and drops it with the lease. */
  review(): void {
    if (this.#service === null) return;
    const nowMs = this.#order.nowMs();
    this.#alias = withLease(this.#alias, this.#order.leads(), nowMs);
    const answered = answers(this.#alias, nowMs);
    if (answered === this.#answersAlias) return;
    this.#answersAlias = answered;
    const { registry, mdns } = this.#insides;
    const others = registry["A"]?.filter(({ name }) => name !== this.#aliasName) ?? [];
    registry["A"] = answered ? [...others, ...this.#aliasRecords()] : others;
    if (answered) {
      this.#announce();
      this.#announceAgain();
      return;
    }
    // No flush: this takes our addresses back, and leaves alone what a successor has said by now.
    const goodbye = this.#aliasRecords().map((record) => ({ ...record, ttl: 0, flush: false }));
    mdns.respond(goodbye, (error) => this.#failIf(error));
  }

  /**
   * Asks again who is there, with a memory made anew: the first question may have been lost, a member may have moved,
   * and a send that fails shows a dead interface. Also asks who else has our names.
   */
  refresh(): void {
    this.#browser.stop();
    this.#browser = this.#browse();
    const type = { name: `_${SERVICE_TYPE}._tcp.local`, type: "PTR" };
    const names = [this.#host, this.#aliasName].map((name) => ({ name, type: "A" }));
    const questions = this.#service === null ? [type] : names;
    this.#insides.mdns.query(questions, (error) => this.#failIf(error));
  }

  /** Says goodbye where that is still possible, and closes. */
  async close(): Promise<void> {
    this.#stopSaying();
    this.#browser.stop();
    if (this.#answersAlias) {
      const goodbye = this.#aliasRecords().map((record) => ({ ...record, ttl: 0, flush: false }));
      await limited((done) => this.#insides.mdns.respond(goodbye, done));
    }
    const service = this.#service;
    if (service !== null) await limited((done) => service.stop(done));
    await limited((done) => this.#bonjour.destroy(done));
  }

  #publish(advert: Advert): Service {
    return this.#bonjour.publish({
      name: this.#host.replace(/\.local$/, ""),
      type: SERVICE_TYPE,
      port: this.#order.port,
      host: this.#host,
      txt: txtOf(advert),
      probe: false,
      disableIPv6: true,
    });
  }

  #browse(): Browser {
    const browser = this.#bonjour.find({ type: SERVICE_TYPE });
    const report = ({ name, txt, port, referer }: Service) => {
      // Until the next question: there are not so many of us, and bonjour-service remembers all it hears.
      if (browser.services.length > SERVICES_MAX) return browser.stop();
      if (referer !== undefined) this.#order.onSighting({ name, txt, host: referer.address, port });
    };
    browser.on("up", report);
    browser.on("txt-update", report);
    browser.on("srv-update", report);
    return browser;
  }

  /** All records: a browser takes no notice of a TXT without its PTR. */
  #announce(): void {
    const records = this.#answersAlias ? [...this.#records, ...this.#aliasRecords()] : this.#records;
    this.#insides.mdns.respond(records, (error) => this.#failIf(error));
  }

  #announceAgain(): void {
    this.#stopSaying();
    this.#saidAgain = SAID_AGAIN_MS.map((ms) =>
      setTimeout(() => {
        this.review();
        this.#announce();
      }, ms).unref(),
    );
  }

  #stopSaying(): void {
    for (const timer of this.#saidAgain) clearTimeout(timer);
  }

  #aliasRecords(): MdnsRecord[] {
    const shared = { name: this.#aliasName, type: "A" as const, ttl: ALIAS_TTL_SECONDS, flush: true };
    return this.#site.addresses.map((data) => ({ ...shared, data }));
  }

  /** Looks for others that have our names; who is meant by an answer of ours is this machine, whoever repeats it. */
  #hear(said: readonly MdnsRecord[]): void {
    const claims = said.filter(({ name, type, ttl }) => type === "A" && ttl > 0 && this.#isOurs(name));
    if (claims.length === 0) return;
    const own = this.#order.ownAddresses();
    for (const { name, data } of claims) {
      if (typeof data !== "string" || own.includes(data)) continue;
      if (name.toLowerCase() === this.#host) this.#order.onClaim(this.#host, data);
      else this.#contend(data);
    }
  }

  #isOurs(name: string): boolean {
    const lower = name.toLowerCase();
    return lower === this.#host || lower === this.#aliasName;
  }

  #contend(theirs: string): void {
    const alias = onClaim(this.#alias, this.#site.addresses, theirs, this.#order.nowMs());
    if (alias === null) return;
    this.#order.onClaim(this.#aliasName, theirs);
    const keeps = alias === this.#alias;
    this.#alias = alias;
    if (keeps) this.#announceAgain();
    else this.review();
  }

  #failIf(error: unknown): void {
    if (error !== undefined && error !== null) this.#fail(error);
  }

  /** Errors of the system break an instance; a neighbour's packet that cannot be read does not. */
  #fail(error: unknown): void {
    if (error instanceof Error && "code" in error) this.#broken ??= error.message;
  }
}
