import type { OnDisk, PromotionStep } from "./core/promotion-plan.ts";

/** What a promotion and a demotion do to the files of this node. */
export type LedgerDisk = {
  readonly ledgerPath: string;
  onDisk(): OnDisk;
  /** Performs one step that touches files or the follower; throws when it failed. */
  perform(step: PromotionStep): Promise<void>;
  /** A running lease goes on under a higher epoch, with the ledger open. */
  relabel(epoch: number): void;
};
