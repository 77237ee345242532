import type { Logger } from "pino";
import type { AppChild } from "./app-child.ts";
import type { PromotionCause } from "./core/member.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import type { LeaseShell } from "./lease-shell.ts";
import type { LedgerDisk } from "./ledger-disk.ts";
import type { LinkChild } from "./link-child.ts";
import type { Replicator } from "./replicator.ts";

/** A promotion that was completed, with the time that each of its steps took. */
export type PromotedEvent = {
  readonly epoch: number;
  readonly cause: PromotionCause;
  readonly from: string | null;
  /** Transactions that the old primary said it had and this node never received; null when nothing is known. */
  readonly lostEstimate: number | null;
  readonly steps: readonly { readonly kind: string; readonly ms: number }[];
};

/** What a primary works with, and whom it tells. */
export type PrimaryPorts = {
  readonly shell: LeaseShell;
  readonly app: AppChild;
  readonly link: LinkChild;
  readonly disk: LedgerDisk;
  readonly reader: LedgerReader;
  readonly nowMs: () => number;
  readonly hrtimeNsAt: (instantMs: number) => string;
  /** Where the peer's receiver is; null while no second node has joined. */
  readonly peerReceiver: () => { name: string; id: string; host: string; port: number } | null;
  readonly startReplicator: (epoch: number, connectorPort: number) => Replicator;
  readonly promoted: (event: PromotedEvent) => void;
  readonly steppedDown: (epoch: number, reason: string) => void;
  /** One request for confirmation was answered. */
  readonly confirmed: (outcome: "confirmed" | "unknown", waitedMs: number) => void;
  readonly log: Logger;
};
