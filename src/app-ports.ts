/** The ports that every part of the app is handed; adapters are composed in `app.ts`. */

/** The app's own clock: real time, or scaled for a demo. Slots and jobs live on it; leases never do. */
export type AppClock = {
  /** App instant, milliseconds since 1970. */
  nowMs(): number;
  /** App instant at which this clock's market replay began. */
  readonly originAppMs: number;
  /** Real milliseconds that an app duration takes. */
  realMs(appDurationMs: number): number;
};

/** The right to act. `check` is called immediately before every act on the world or the ledger. */
export type ActGuard = {
  readonly epoch: number;
  /** Real milliseconds until no act may start; zero or less when the lease may have ended. */
  remainingMs(): number;
  /** Throws `LeaseOver` unless at least this many real milliseconds remain. */
  check(marginMs: number): void;
};

export class LeaseOver extends Error {
  override readonly name = "LeaseOver";
}

/** Are all commits made before this call durable on the other node too? `unknown` is not a failure. */
export type Confirm = () => Promise<"confirmed" | "unknown">;

/** The instant that a run belongs to: text such as `20261122T1415Z`, and the same in app milliseconds. */
export type Slot = { readonly text: string; readonly atMs: number };

export type Job = {
  readonly name: string;
  /** Cron expression on the app's clock, UTC. */
  readonly cron: string;
  /** After a takeover: run every missed slot, or only the newest and record the others as superseded. */
  readonly catchUp: "every" | "newest";
  /** Does the slot's work and returns its outcome as one plain sentence; throws when it failed. */
  run(slot: Slot, signal: AbortSignal): Promise<string>;
};
