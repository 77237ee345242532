import type { Position } from "./messages.ts";

/** What a node has on its disk when it is promoted. */
export type OnDisk = {
  /** Epoch under which its own ledger was last led, 0 for the empty one of a new cluster; null when it has none. */
  readonly lineageEpoch: number | null;
  /** Newest transaction that its receiver has made durable, of whichever epoch. */
  readonly received: Position | null;
};

export type PromotionStep =
  | { readonly kind: "stop-follower" }
  /** The warm copy, where it has applied everything up to here; a restore of what was received otherwise. */
  | { readonly kind: "apply-received"; readonly upTo: Position }
  /** Into place with no leftovers; an older ledger of this node goes to the attic unread. */
  | { readonly kind: "adopt-ledger"; readonly epoch: number }
  /** The ledger that this node led before is the newest copy: only its epoch changes. */
  | { readonly kind: "relabel-ledger"; readonly epoch: number }
  /** The app checks it, opens it, migrates it, and goes on with the schedule. */
  | { readonly kind: "open-ledger"; readonly epoch: number }
  | { readonly kind: "start-replication"; readonly epoch: number };

export type PromotionPlan =
  | { readonly kind: "plan"; readonly steps: readonly PromotionStep[] }
  /** Promoting would start from nothing although something may have been confirmed. */
  | { readonly kind: "nothing-to-lead" };

/** The copy of record: of two, the one of the higher epoch; a node never receives what it led itself. */
export const copyOfRecord = ({ lineageEpoch, received }: OnDisk): "ledger" | "received" | null => {
  if (lineageEpoch !== null && (received === null || lineageEpoch > received.epoch)) return "ledger";
  return received === null ? null : "received";
};

/** The steps from a granted lease to a working primary, by what this node's disk holds. */
export function planPromotion(epoch: number, disk: OnDisk): PromotionPlan {
  const plan = (...steps: readonly PromotionStep[]): PromotionPlan => ({
    kind: "plan",
    steps: [{ kind: "stop-follower" }, ...steps, { kind: "open-ledger", epoch }, { kind: "start-replication", epoch }],
  });
  const copy = copyOfRecord(disk);
  if (copy === "ledger") return disk.lineageEpoch === epoch ? plan() : plan({ kind: "relabel-ledger", epoch });
  if (disk.received === null) return { kind: "nothing-to-lead" };
  return plan({ kind: "apply-received", upTo: disk.received }, { kind: "adopt-ledger", epoch });
}
