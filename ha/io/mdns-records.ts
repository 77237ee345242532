import { createHash } from "node:crypto";

/** What a node says of itself over mDNS: for people, displays and finding each other; never the truth of the lease. */
export type Advert = {
  readonly cluster: string;
  readonly node: string;
  readonly role: string;
  readonly epoch: number;
  /** Version of the HTTP answers and of the program. */
  readonly api: string;
  readonly ver: string;
  /** Port of the page; null on a witness. */
  readonly app: number | null;
};

/** `_arduino-trader._tcp`, as bonjour-service wants it. */
export const SERVICE_TYPE = "arduino-trader";

/** A DNS label has 63 bytes; dns-packet sends a longer one as garbage. */
const LABEL_MAX = 63;

/**
 * The instance's name, which is its host name too: of our own, because a goodbye for the system's name would take
 * the address of the machine itself away from its neighbours.
 */
export function mdnsLabel(node: string, cluster: string): string {
  const label = `trader-${node}-${cluster}`;
  if (label.length <= LABEL_MAX) return label;
  const digest = createHash("sha256").update(label).digest("hex").slice(0, 8);
  return `${label.slice(0, LABEL_MAX - 9)}-${digest}`;
}

/** The TXT record's fields, in their order. */
export const txtOf = ({ cluster, node, role, epoch, api, ver, app }: Advert): Record<string, string> => ({
  cluster,
  node,
  role,
  epoch: String(epoch),
  api,
  ver,
  ...(app === null ? {} : { app: String(app) }),
});

/** A TXT record's data as bonjour-service encodes it. */
export const encodeTxt = (txt: Record<string, string>): Buffer[] =>
  Object.entries(txt).map(([key, value]) => Buffer.from(`${key}=${value}`));

/**
 * Addresses to speak mDNS on: each IPv4 address of a real interface. Containers' bridges and tunnels are left out:
 * what is announced there helps nobody, and their addresses are the same on every board.
 */
export function mdnsInterfaces(
  all: Readonly<Record<string, readonly { family: string; address: string; internal: boolean }[] | undefined>>,
): string[] {
  return Object.entries(all)
    .filter(([name]) => !/^(?:lo|docker|br-|veth|virbr|cni|flannel|tun|tap|wg|tailscale|zt)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address)
    .slice(0, 8);
}
