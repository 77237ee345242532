import type { FromLink } from "./link/protocol.ts";

type PeerState = Extract<FromLink, { kind: "peer" }>;

/** What a word of the standby's receiver means beside the word itself. */
type News = {
  /** Another disk has acknowledged nothing of what the one before has. */
  readonly otherDisk: boolean;
  /**
   * It lacks what it had acknowledged: its disk is another one, or an older copy. Litestream would go on from there, and
   * leave a gap over which nothing can be restored. [HA-6]
   */
  readonly lacks: boolean;
};

/** The standby's copy of one epoch's replica, as far as its receiver has said; times are monotonic milliseconds. */
export class StandbyCopy {
  readonly #epoch: number;
  #state: PeerState | null = null;
  #diskId: string | null = null;
  #awaySinceMs: number | null;
  #txidWhenAway = 0;
  #lacks = false;

  constructor(epoch: number, nowMs: number) {
    this.#epoch = epoch;
    this.#awaySinceMs = nowMs;
  }

  /** The newest word; null before the first. */
  get state(): PeerState | null {
    return this.#state;
  }

  /** Since when its receiver is away; null while it receives. */
  get awaySinceMs(): number | null {
    return this.#awaySinceMs;
  }

  /** The disk that could become a member of the set; null where none could. */
  get disk(): string | null {
    return this.#state?.receiving === true && !this.#lacks ? this.#state.diskId : null;
  }

  /** Newest transaction of this epoch that it has. */
  get txid(): number {
    return this.#state?.epoch === this.#epoch ? (this.#state.txid ?? 0) : 0;
  }

  /** `ackedTxid`: the newest transaction of this epoch that it has acknowledged so far. */
  hear(state: PeerState, ackedTxid: number, nowMs: number): News {
    const known = this.#diskId;
    const back = state.receiving && this.#awaySinceMs !== null;
    // One that is away keeps the disk that it had.
    this.#diskId = state.diskId ?? known;
    this.#state = state;
    if (!state.receiving && this.#awaySinceMs === null) {
      this.#awaySinceMs = nowMs;
      this.#txidWhenAway = ackedTxid;
    }
    if (state.receiving) this.#awaySinceMs = null;
    this.#lacks ||= state.receiving && (state.gap || (back && this.txid < this.#txidWhenAway));
    return { otherDisk: known !== null && known !== this.#diskId, lacks: this.#lacks };
  }
}
