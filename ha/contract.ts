import { z } from "zod";

/**
 * What agent and app say to each other over Node's IPC, validated on both sides.
 * The only file that `ha/` and `src/` share. Instants are `process.hrtime.bigint()` nanoseconds in decimal:
 * one clock for all processes of a host, and bigint does not survive JSON.
 */
const epoch = z.int().nonnegative();
const hrtimeNs = z.string().regex(/^\d{1,20}$/);
const count = z.int().nonnegative();
const notesMax = 20;
const noteCharsMax = 300;

/**
 * `wal_autocheckpoint` of every connection that writes to the ledger. Litestream checkpoints after a thousand pages by
 * itself, when it has read them. An app that checkpoints beside it, SQLite's default, writes to pages of the ledger while
 * Litestream reads them for a snapshot: measured on a busy machine, 5 of 80 bursts of 13 MB gave a replica that restores to
 * a damaged file, and none of 140 with this bound, which only holds the log where there is no Litestream.
 */
export const walPagesMax = 16_384;

/** What an app shows of the pair; it decides nothing. */
const pairView = z.object({
  node: z.string(),
  role: z.enum(["primary", "standby"]),
  epoch,
  protection: z.enum(["strict", "heuristic", "manual", "none"]),
  /** What the pair cannot survive as things are, in a sentence. */
  limits: z.string(),
  /** Maintenance: nobody takes over by itself. */
  paused: z.boolean(),
  inSync: z.array(z.string()),
  reasons: z.array(z.string()),
  /** App address of the present primary, "host:port"; null when none is known. */
  primaryApp: z.string().nullable(),
  /** Transactions that the standby of the two has not received yet; null when unknown. */
  lagTxids: count.nullable(),
  /** Who leads, as far as this node knows; null: nobody is known to. */
  primary: z.string().nullable(),
  peer: z.object({ name: z.string(), reachable: z.boolean(), inSync: z.boolean() }).nullable(),
  arbiter: z.object({ name: z.string(), reachable: z.boolean() }).nullable(),
  /** Those of the reasons that are about this node itself. */
  troubles: z.array(z.string()),
});
export type PairView = z.infer<typeof pairView>;

export const toApp = z.discriminatedUnion("kind", [
  /** Check this ledger's pages, open it and go on with the schedule. Sent once, to a warm app. */
  z.object({ kind: z.literal("promote"), epoch, ledger: z.string(), validUntilNs: hrtimeNs }),
  /** The lease was renewed, or goes on under a higher epoch. No act may start at or after this instant. */
  z.object({ kind: z.literal("lease"), epoch, validUntilNs: hrtimeNs }),
  /** Finish or give up what runs, write outcomes, start nothing; answer `drained`. */
  z.object({ kind: z.literal("drain") }),
  /** A planned change was called off after a drain: go on as before. */
  z.object({ kind: z.literal("resume") }),
  /** Answer to confirm-request `n`. `unknown` is not `failed`: the write may be durable on the other node. */
  z.object({ kind: z.literal("confirmed"), n: count, outcome: z.enum(["confirmed", "unknown"]) }),
  z.object({ kind: z.literal("view"), view: pairView }),
  /** What the owner of this machine asks of the app, whatever it means; answered by `answer` of the same number. */
  z.object({ kind: z.literal("ask"), n: count, request: z.unknown() }),
]);
export type ToApp = z.infer<typeof toApp>;

export const fromApp = z.discriminatedUnion("kind", [
  /** Warm: everything is loaded, HTTP answers on this port, no ledger is open. */
  z.object({ kind: z.literal("ready"), port: z.int().min(1).max(65_535) }),
  /** Sent every 500 ms from the main thread: its loop turns. */
  z.object({ kind: z.literal("alive") }),
  /** The ledger of this epoch is open and migrated, and the schedule runs. */
  z.object({ kind: z.literal("opened"), epoch }),
  z.object({ kind: z.literal("drained") }),
  /** Are all commits made before this request durable on the other node too? */
  z.object({ kind: z.literal("confirm-request"), n: count }),
  z.object({ kind: z.literal("answer"), n: count, answer: z.unknown() }),
  /** What this app wants known of its work, beside its health: all of it, each time it changes. */
  z.object({ kind: z.literal("notes"), notes: z.array(z.string().max(noteCharsMax)).max(notesMax) }),
  /** This app cannot do its job; the agent restarts it or hands the lease over. */
  z.object({ kind: z.literal("cannot-run"), reason: z.string().max(500) }),
]);
export type FromApp = z.infer<typeof fromApp>;

/** Notes as a message may carry them: so many, each so long. */
export const boundedNotes = (notes: readonly string[]): string[] =>
  notes.slice(0, notesMax).map((note) => note.slice(0, noteCharsMax));
