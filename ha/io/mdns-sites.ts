import { readFileSync } from "node:fs";
import { BlockList } from "node:net";

/** One interface that mDNS speaks on. */
export type MdnsSite = {
  /** Another one when anything of it is another: also an adapter that was taken out and put in again. */
  readonly key: string;
  /** Its IPv4 addresses, at least one. */
  readonly addresses: readonly string[];
  /** The same with the lengths of their prefixes, as in "192.168.1.5/24". */
  readonly subnets: readonly string[];
};

type Interfaces = Readonly<
  Record<string, readonly { family: string; address: string; cidr: string | null; internal: boolean }[] | undefined>
>;

const SITES_MAX = 8;
const ADDRESSES_MAX = 8;

/** Containers' and virtual machines' bridges, tunnels, and what else has the same addresses on every board. */
const virtual = /^(?:docker|podman|br-|veth|virbr|vnet|lxc|lxdbr|cni|cali|flannel|dummy|tun|tap|wg|tailscale|zt)/;

/**
 * Where to speak mDNS: on each interface that is up, not virtual by its name, and has an IPv4 address; or just on those
 * with one of the addresses `only`. An interface without one is left out on purpose, and so is IPv6: heartbeats and
 * pages are served on IPv4, and a link-local address is of no use to a browser.
 */
export function mdnsSites(
  all: Interfaces,
  only: readonly string[] | null,
  indexOf: (name: string) => string = indexOfInterface,
): MdnsSite[] {
  return Object.entries(all)
    .flatMap(([name, each]) => {
      const wanted = (each ?? [])
        .filter(({ family }) => family === "IPv4")
        .filter(({ address, internal }) => only?.includes(address) ?? (!internal && !virtual.test(name)))
        .slice(0, ADDRESSES_MAX);
      if (wanted.length === 0) return [];
      const addresses = wanted.map(({ address }) => address);
      const subnets = wanted.map(({ address, cidr }) => cidr ?? `${address}/32`);
      return [{ key: [name, indexOf(name), ...subnets].join(" "), addresses, subnets }];
    })
    .slice(0, SITES_MAX);
}

/** Tells whether an address is on the wire of this site: what comes from elsewhere was not said here. */
export function onLink({ subnets }: MdnsSite): (address: string) => boolean {
  const link = new BlockList();
  for (const subnet of subnets) {
    const [address = "", length = "32"] = subnet.split("/");
    link.addSubnet(address, Number(length), "ipv4");
  }
  return (address) => link.check(address, "ipv4");
}

/** The system's number of an interface: an adapter that comes back with its old name and address has a new one. */
function indexOfInterface(name: string): string {
  try {
    return readFileSync(`/sys/class/net/${name}/ifindex`, "utf8").trim();
  } catch {
    return "";
  }
}
