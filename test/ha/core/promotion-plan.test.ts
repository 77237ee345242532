import { expect, test } from "vitest";
import { planPromotion } from "../../../ha/core/promotion-plan.ts";
import type { OnDisk } from "../../../ha/core/promotion-plan.ts";

const kinds = (disk: Partial<OnDisk>, epoch = 6): string[] => {
  const plan = planPromotion(epoch, { lineageEpoch: null, received: null, follower: null, ...disk });
  return plan.kind === "plan" ? plan.steps.map(({ kind }) => kind) : [plan.kind];
};
const finish = ["open-ledger", "start-replication"];

test("a recorded holder that comes back within its lease opens its own ledger as it is", () => {
  expect(kinds({ lineageEpoch: 6, received: { epoch: 4, txid: 9 } })).toEqual(["stop-follower", ...finish]);
});

test("a ledger that was led later than anything received is kept under the new epoch", () => {
  expect(kinds({ lineageEpoch: 5, received: { epoch: 4, txid: 9 } })).toEqual([
    "stop-follower",
    "relabel-ledger",
    ...finish,
  ]);
});

test("the empty ledger of a new cluster is what there is", () => {
  expect(kinds({ lineageEpoch: 0 }, 1)).toEqual(["stop-follower", "relabel-ledger", ...finish]);
});

test("a warm copy that has applied everything received becomes the ledger", () => {
  const at = { epoch: 5, txid: 12 };
  expect(kinds({ lineageEpoch: 3, received: at, follower: at })).toEqual([
    "stop-follower",
    "take-follower",
    "check-database",
    "adopt-ledger",
    ...finish,
  ]);
});

test.each([
  ["is behind", { epoch: 5, txid: 11 }],
  ["is of an older epoch", { epoch: 4, txid: 99 }],
  ["does not exist", null],
])("a warm copy that %s is not taken: what was received is restored", (_, follower) => {
  expect(kinds({ received: { epoch: 5, txid: 12 }, follower })).toContain("restore");
});

test("[HA-7] a node without any copy is not promoted to an empty ledger", () => {
  expect(kinds({})).toEqual(["nothing-to-lead"]);
});
