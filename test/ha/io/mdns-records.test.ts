import { describe, expect, test } from "vitest";
import { encodeTxt, mdnsInterfaces, mdnsLabel, txtOf } from "../../../ha/io/mdns-records.ts";

const ipv4 = (address: string, internal = false) => ({ family: "IPv4", address, internal });

describe("what is announced", () => {
  test("the label names node and cluster, and never outgrows a DNS label", () => {
    expect(mdnsLabel("node-a", "home")).toBe("trader-node-a-home");
    const [a, b] = ["a", "b"].map((last) => mdnsLabel("n".repeat(32), "c".repeat(31) + last));
    expect(a).toHaveLength(63);
    expect(b).toHaveLength(63);
    expect(a).not.toBe(b);
  });

  test("TXT carries cluster, node, role, epoch, api, version and the page's port", () => {
    const advert = { cluster: "home", node: "node-a", role: "primary", epoch: 7, api: "1", app: 8000, ver: "0.1.0" };
    expect(encodeTxt(txtOf(advert)).map(String)).toEqual([
      "cluster=home",
      "node=node-a",
      "role=primary",
      "epoch=7",
      "api=1",
      "ver=0.1.0",
      "app=8000",
    ]);
    // A witness has no page.
    expect(txtOf({ ...advert, app: null })).not.toHaveProperty("app");
  });

  test("only real interfaces are spoken on", () => {
    const all = {
      lo: [ipv4("127.0.0.1", true)],
      wlan0: [ipv4("192.168.1.5"), { family: "IPv6", address: "fe80::1", internal: false }],
      eth0: [ipv4("10.0.0.5")],
      docker0: [ipv4("172.17.0.1")],
      "br-12ab": [ipv4("172.18.0.1")],
      veth9: [ipv4("172.19.0.1")],
      gone: undefined,
    };
    expect(mdnsInterfaces(all)).toEqual(["192.168.1.5", "10.0.0.5"]);
  });
});
