import { describe, expect, test } from "vitest";
import { mdnsSites, onLink } from "../../../ha/io/mdns-sites.ts";

const ipv4 = (address: string, internal = false) => ({ family: "IPv4", address, cidr: `${address}/24`, internal });
const ipv6 = { family: "IPv6", address: "fe80::1", cidr: "fe80::1/64", internal: false };
const index = () => "2";

const addressesOf = (all: Parameters<typeof mdnsSites>[0], only: readonly string[] | null = null) =>
  mdnsSites(all, only, index).map(({ addresses }) => addresses);

describe("where mDNS is spoken", () => {
  test("on each real interface, with all its addresses, and on no container's bridge", () => {
    const all = {
      lo: [ipv4("127.0.0.1", true)],
      wlan0: [ipv4("192.168.1.5"), ipv6, ipv4("192.168.1.6")],
      eth0: [ipv4("10.0.0.5")],
      docker0: [ipv4("172.17.0.1")],
      "br-12ab": [ipv4("172.18.0.1")],
      veth9: [ipv4("172.19.0.1")],
      virbr0: [ipv4("192.168.122.1")],
      wg0: [ipv4("10.8.0.1")],
      gone: undefined,
    };
    expect(addressesOf(all)).toEqual([["192.168.1.5", "192.168.1.6"], ["10.0.0.5"]]);
  });

  test("an interface without an IPv4 address is left out", () => {
    expect(addressesOf({ wlan0: [ipv6], eth0: [] })).toEqual([]);
  });

  test("or only where it is said, loopback too", () => {
    const all = { lo: [ipv4("127.0.0.1", true)], eth0: [ipv4("10.0.0.5")] };
    expect(addressesOf(all, ["127.0.0.1"])).toEqual([["127.0.0.1"]]);
    expect(addressesOf(all, ["192.0.2.77"])).toEqual([]);
  });

  test("[board 5.7] an adapter that comes back with its old name and address is another one", () => {
    const all = { eth0: [ipv4("10.0.0.5")] };
    const [before] = mdnsSites(all, null, () => "2");
    const [same] = mdnsSites(all, null, () => "2");
    const [after] = mdnsSites(all, null, () => "3");
    expect(same?.key).toBe(before?.key);
    expect(after?.key).not.toBe(before?.key);
  });

  test("at most eight interfaces, so that a host of hundreds is not flooded by us", () => {
    const all = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`eth${n}`, [ipv4(`10.0.${n}.1`)]]));
    expect(addressesOf(all)).toHaveLength(8);
  });

  test("what was not said on this wire is told apart", () => {
    const [site] = mdnsSites({ eth0: [ipv4("10.0.0.5"), ipv4("10.1.0.5")] }, null, index);
    const isHere = onLink(site ?? expect.fail("no site"));
    expect(["10.0.0.9", "10.1.0.9", "10.2.0.9", "192.0.2.1", "nonsense"].map(isHere)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
