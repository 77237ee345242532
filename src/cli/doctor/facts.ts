import type { Protection } from "../../../ha/core/protection.ts";
import type { Preset } from "../../../ha/core/timing.ts";

/** One port of this node: `ours` when the processes of this node hold it. */
export type PortFact = {
  readonly what: string;
  readonly port: number;
  readonly state: "free" | "ours" | "taken" | "forbidden" | "no-address";
};

/** A file that only its owner may read, or the folder of such files; `mode` null: not there. */
export type PermissionFact = {
  readonly path: string;
  readonly kind: "secret" | "folder";
  readonly mode: number | null;
  readonly own: boolean;
};

/** What the agent of this node says of itself; null fields where it says nothing. */
export type AgentFact = {
  readonly role: string;
  readonly protection: Protection;
  readonly limits: string;
  readonly reasons: readonly string[];
  readonly litestreamPid: number | null;
  /** The other node is there and hears this one, so that Litestream has something to do. */
  readonly peerReachable: boolean;
};

/** Everything that the checks judge; gathered once, each part within a time limit. Null: it could not be found out. */
export type Facts = {
  readonly nowMs: number;
  readonly preset: Preset;
  /** `synchronised` null: nothing on this machine says. `newestFileMs`: when the newest own file was written. */
  readonly clock: { readonly synchronised: boolean | null; readonly by: string; readonly newestFileMs: number };
  readonly disk: {
    readonly path: string;
    readonly freeBytes: number | null;
    /** The slowest of `writes` small writes with fsync. */
    readonly slowestMs: number | null;
    readonly writes: number;
    readonly error: string | null;
  };
  readonly ports: readonly PortFact[];
  readonly multicast: { readonly on: string | null; readonly trouble: string | null };
  readonly address: {
    readonly host: string;
    readonly resolved: readonly string[];
    readonly own: readonly string[];
    /** Other members are at addresses of a network. */
    readonly othersElsewhere: boolean;
  };
  readonly versions: {
    readonly own: string;
    readonly node: string;
    readonly nodeWanted: string;
    readonly sqlite: string | null;
    readonly sqliteError: string | null;
  };
  readonly peer: {
    readonly name: string;
    readonly reachable: boolean;
    readonly version: string | null;
    /** How much its clock is ahead of this one's, to about a second. */
    readonly clockAheadMs: number | null;
  } | null;
  readonly litestream: { readonly path: string | null; readonly pinned: boolean; readonly error: string | null };
  /** Null: no agent runs for this directory. */
  readonly agent: AgentFact | null;
  readonly ledger: {
    readonly bytes: number | null;
    readonly bytesPerSecond: number | null;
    readonly bandwidthTrouble: string | null;
  };
  /** Nodes and arbiter of the roster. */
  readonly cluster: { readonly nodes: number; readonly protection: Protection };
  readonly calendarUntil: string;
  readonly permissions: readonly PermissionFact[];
  readonly leds: { readonly lamps: boolean; readonly router: boolean; readonly enabled: boolean };
};
