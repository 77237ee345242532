type SyncOutcome =
  | { readonly kind: "synced"; readonly txid: number }
  | { readonly kind: "unknown"; readonly reason: string };

/** A running `litestream replicate`. */
export type Replicator = {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  readonly sync: (limitMs: number) => Promise<SyncOutcome>;
  /** Whether it answers a question that needs neither the standby nor the disk. */
  readonly responds: () => Promise<boolean>;
  readonly kill: () => Promise<void>;
};
