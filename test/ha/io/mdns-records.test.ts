import { describe, expect, test } from "vitest";
import { aliasOf, encodeTxt, mdnsLabel, txtOf } from "../../../ha/io/mdns-records.ts";

describe("what is announced", () => {
  test("the label names node and cluster, and never outgrows a DNS label", () => {
    expect(mdnsLabel({ node: "node-a", cluster: "home", clusterId: "0a1b2c" })).toBe("trader-node-a-home-0a1b2c");
    const [a, b] = ["a", "b"].map((last) =>
      mdnsLabel({ node: "n".repeat(32), cluster: "c".repeat(31) + last, clusterId: "0a1b2c" }),
    );
    expect(a).toHaveLength(63);
    expect(b).toHaveLength(63);
    expect(a).not.toBe(b);
  });

  test("[board 5.8] nodes of the same name in clusters of the same name have different labels", () => {
    for (const node of ["node-a", "n".repeat(32)]) {
      const cluster = node;
      const [one, other] = ["0a1b2c", "0a1b2d"].map((clusterId) => mdnsLabel({ node, cluster, clusterId }));
      expect(one).not.toBe(other);
    }
  });

  test("the alias names the cluster only", () => {
    expect(aliasOf("home")).toBe("trader-home.local");
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
});
