import { assert, constantFrom, integer, property, record, array } from "fast-check";
import { expect, test } from "vitest";
import { decideFence, refusal } from "../../../ha/link/fence.ts";
import type { Fence } from "../../../ha/link/protocol.ts";

const fences = record({ epoch: integer({ min: 0, max: 6 }), holder: constantFrom("node-a", "node-b") });

function checkRun(asked: Fence[]): void {
  const seen = new Map<number, string>();
  let current: Fence | null = null;
  for (const ask of asked) {
    const { fence, kind } = decideFence(current, ask);
    expect(fence.epoch).toBeGreaterThanOrEqual(current?.epoch ?? 0);
    expect(seen.get(fence.epoch) ?? fence.holder).toBe(fence.holder);
    expect(kind === "refused").toBe(fence.epoch !== ask.epoch || fence.holder !== ask.holder);
    seen.set(fence.epoch, fence.holder);
    current = fence;
  }
}

test("[HA-2] a promise only ever rises, and [HA-3] an epoch never changes its holder", () => {
  assert(property(array(fences, { maxLength: 12 }), checkRun));
});

test("a lower epoch is answered with the promised one, the same epoch of another holder is refused", () => {
  const current = { epoch: 5, holder: "node-a" };
  expect(decideFence(current, { epoch: 4, holder: "node-b" })).toEqual({
    kind: "refused",
    fence: current,
    reason: "epoch 5 is already promised",
  });
  expect(decideFence(current, { epoch: 5, holder: "node-b" })).toMatchObject({ kind: "refused", fence: current });
  expect(decideFence(current, current)).toEqual({ kind: "same", fence: current });
});

test("[HA-5] exactly the promised epoch from exactly its holder is admitted", () => {
  const fence = { epoch: 5, holder: "node-a" };
  expect(refusal(fence, 5, "node-a")).toBeNull();
  expect(refusal(fence, 4, "node-a")).toBe("epoch 4 is not the promised epoch 5");
  expect(refusal(fence, 6, "node-a")).toMatch(/not the promised/);
  expect(refusal(fence, 5, "node-b")).toBe("epoch 5 belongs to node-a, not to node-b");
  expect(refusal(null, 0, "node-a")).toMatch(/no epoch is promised/);
});
