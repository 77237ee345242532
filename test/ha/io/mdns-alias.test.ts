import { describe, expect, test } from "vitest";
import { answers, noAlias, onClaim, withLease } from "../../../ha/io/mdns-alias.ts";

const ours = ["192.168.1.5"];
const lower = "192.168.1.4";
const greater = "192.168.1.10";
const held = withLease(noAlias, true, 1_000);

describe("who answers to the cluster's alias", () => {
  test("a node with the lease, and nobody without", () => {
    expect(answers(noAlias, 1_000)).toBe(false);
    expect(answers(held, 1_000)).toBe(true);
    expect(answers(withLease(held, false, 2_000), 2_000)).toBe(false);
  });

  test("the last words of a predecessor are no rival's", () => {
    expect(onClaim(noAlias, ours, greater, 1_000)).toBeNull();
    expect(onClaim(held, ours, greater, 5_999)).toBeNull();
    expect(onClaim(held, ours, greater, 6_000)).not.toBeNull();
    const again = withLease(withLease(held, false, 7_000), true, 8_000);
    expect(onClaim(again, ours, greater, 12_999)).toBeNull();
  });

  test("[board 5.8] of two that both stay, the one with the greater address keeps the name", () => {
    expect(onClaim(held, ours, lower, 6_000)).toBe(held);
    expect(onClaim(held, [...ours, "192.168.1.11"], greater, 6_000)).toBe(held);
    const left = onClaim(held, ours, greater, 6_000) ?? held;
    expect(answers(left, 6_000)).toBe(false);
  });

  test("[board 5.8] a name that was left is taken back once the other is silent, not by losing and gaining the lease", () => {
    const left = onClaim(held, ours, greater, 6_000) ?? held;
    const again = withLease(withLease(left, false, 7_000), true, 8_000);
    expect(answers(again, 8_000)).toBe(false);
    const stillThere = onClaim(left, ours, greater, 16_000) ?? held;
    expect(answers(stillThere, 45_999)).toBe(false);
    expect(answers(stillThere, 46_000)).toBe(true);
  });
});
