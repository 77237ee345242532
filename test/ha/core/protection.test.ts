import { expect, test } from "vitest";
import { limitsOf, protectionOf } from "../../../ha/core/protection.ts";
import { primaryView } from "./views.ts";

const { peer } = primaryView;
const silent = peer === null ? null : { ...peer, reachable: false };
const network = { name: "network", kind: "reachability", reachable: true };

test("each arbiter has its protection", () => {
  expect(protectionOf).toEqual({
    witness: "strict",
    reachability: "heuristic",
    manual: "manual",
    standalone: "none",
  });
});

test.each([
  ["strict, all well", {}, /Any one of the three may die/],
  ["strict, the standby away", { peer: silent }, /The other board does not hold everything now/],
  ["strict, the standby catching up", { inSync: ["node-a"] }, /The other board does not hold everything now/],
  ["strict, no witness", { arbiter: null }, /The third vote is missing/],
  ["heuristic, all well", { protection: "heuristic", arbiter: network }, /Cut only from each other, both boards lead/],
  [
    "heuristic, the gateway silent",
    { protection: "heuristic", arbiter: { ...network, reachable: false } },
    /Not every target of the network answers/,
  ],
  ["manual", { protection: "manual", arbiter: null }, /until somebody runs "trader failover" on the other board/],
  ["manual, no second board", { protection: "manual", arbiter: null, peer: null }, /There is no second board yet/],
  ["none", { protection: "none", peer: null, arbiter: null, inSync: ["node-a"] }, /This is one board/],
  ["maintenance", { paused: true }, /Maintenance is on: when the primary dies, nobody takes over/],
] as const)("%s: says what it cannot survive", (_, change, sentence) => {
  expect(limitsOf({ ...primaryView, ...change })).toMatch(sentence);
});
