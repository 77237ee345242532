import { expect, test } from "vitest";
import { planPromotion } from "../../../ha/core/promotion-plan.ts";
import type { OnDisk } from "../../../ha/core/promotion-plan.ts";

const kinds = (disk: Partial<OnDisk>, epoch = 6): string[] => {
  const plan = planPromotion(epoch, { lineageEpoch: null, received: null, ...disk });
  return plan.kind === "plan" ? plan.steps.map(({ kind }) => kind) : [plan.kind];
};
const finish = ["open-ledger", "start-replication"];

test("a recorded holder that comes back within its lease opens its own ledger as it is", () => {
  expect(kinds({ lineageEpoch: 6, received: { epoch: 4, txid: 9 } })).toEqual(["stop-follower", ...finish]);
});

test("a ledger that was led later than anything received is kept under the new epoch", () => {
  const steps = ["stop-follower", "relabel-ledger", ...finish];
  expect(kinds({ lineageEpoch: 5, received: { epoch: 4, txid: 9 } })).toEqual(steps);
});

test("the empty ledger of a new cluster is what there is", () => {
  expect(kinds({ lineageEpoch: 0 }, 1)).toEqual(["stop-follower", "relabel-ledger", ...finish]);
});

test("what was received under a later epoch than this node ever led becomes the ledger", () => {
  expect(kinds({ lineageEpoch: 3, received: { epoch: 5, txid: 12 } })).toEqual([
    "stop-follower",
    "apply-received",
    "adopt-ledger",
    ...finish,
  ]);
});

test("[HA-7] a node without any copy is not promoted to an empty ledger", () => {
  expect(kinds({})).toEqual(["nothing-to-lead"]);
});
