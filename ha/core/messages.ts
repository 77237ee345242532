/** What voters and candidates say to each other. Plain data; the codec in `ha/io/wire.ts` signs and checks it. */

/** Names are unique in a cluster; they never default to host names. */
export type Name = string;

/**
 * Who has the third vote of two nodes: a third device, the network as each node sees it, nobody (an operator decides),
 * or nobody because there is one node only.
 */
export type ArbiterKind = "witness" | "reachability" | "manual" | "standalone";

/** Where a copy of the database stands in history. */
export type Position = { readonly epoch: number; readonly txid: number };

/**
 * The nodes that hold everything confirmed, and the maintenance flag, as one versioned record.
 * Newer means a higher (setEpoch, setVersion); a newer one is never overwritten by an older one.
 */
export type SyncRecord = {
  readonly inSync: readonly Name[];
  readonly paused: boolean;
  readonly setEpoch: number;
  readonly setVersion: number;
};

/** What a voter keeps durably. A blank voter has none. */
export type VoterRecord = {
  readonly epoch: number;
  readonly holder: Name | null;
  readonly released: boolean;
  readonly sync: SyncRecord;
};

type Envelope = {
  readonly from: Name;
  readonly to: Name;
  /** Random id of the sender's run; a restart makes a new one. */
  readonly boot: string;
};

/** `ask`: would you grant? (pre-vote). `elect`: a new or resumed holder. `renew`: the holder goes on. */
export type Purpose = "ask" | "elect" | "renew";

export type LeaseRequest = Envelope & {
  readonly kind: "request";
  readonly seq: number;
  /** The voter's boot id as last heard; null before the first answer. A voter that does not recognise itself grants nothing. */
  readonly voterBoot: string | null;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly sync: SyncRecord;
  /** An operator's word: maintenance does not stop it. */
  readonly operator: boolean;
  /** The operator accepted that something is lost: membership is not asked for. A live promise still counts. */
  readonly force: boolean;
  readonly position: Position;
  readonly fit: boolean;
};

export type Refusal =
  | "blank"
  | "unknown-boot"
  | "abstaining"
  | "stale-epoch"
  | "promised"
  | "released"
  | "not-in-sync"
  /** Another run of the sender holds the lease and is heard: two machines with one name and its keys. */
  | "other-run"
  | "paused";

export type LeaseReply = Envelope & {
  readonly kind: "reply";
  /** The request that this answers. */
  readonly echoBoot: string;
  readonly echoSeq: number;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly granted: boolean;
  readonly refusal: Refusal | null;
  /** How long this voter's promise to another still runs; a hint when to ask again. */
  readonly waitMs: number;
  /** null: this voter is blank. */
  readonly record: VoterRecord | null;
  /** Fresh in every run of a blank voter; an enrolment must repeat it. */
  readonly nonce: string | null;
  /** Of a voter that is a node; the witness says {0, 0} and false. */
  readonly position: Position;
  readonly fit: boolean;
};

/** The holder gives up this epoch; it is never renewed. `successor` may stand at once. */
export type LeaseRelease = Envelope & {
  readonly kind: "release";
  readonly seq: number;
  readonly epoch: number;
  readonly successor: Name | null;
};

/** A holder whose lease stands without this blank voter gives it a record. */
export type Enrolment = Envelope & {
  readonly kind: "enrol";
  readonly seq: number;
  readonly voterBoot: string;
  readonly nonce: string;
  readonly record: VoterRecord;
};

export type Message = LeaseRequest | LeaseReply | LeaseRelease | Enrolment;

/** Below zero, zero or above: is `a` older than, the same as or newer than `b`? */
export const compareSync = (a: SyncRecord, b: SyncRecord): number =>
  a.setEpoch - b.setEpoch || a.setVersion - b.setVersion;

export const newerSync = (a: SyncRecord, b: SyncRecord): SyncRecord => (compareSync(a, b) >= 0 ? a : b);
