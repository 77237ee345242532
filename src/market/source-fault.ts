/** "passing": asking again later may help; "invalid": the answer has not the form that it should have. */
type FaultKind = "passing" | "invalid" | "final";

/** Why a source gave no answer that can be used. Holds no address, no crumb and no answer. */
export class SourceFault extends Error {
  override readonly name = "SourceFault";
  readonly kind: FaultKind;
  /** What the source asked to be waited, where it did. */
  readonly retryAfterMs: number | null;

  constructor(message: string, kind: FaultKind, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

const TRIES_MAX = 3;
const FIRST_WAIT_MS = 1_000;
const WAIT_MS_MAX = 20_000;

/**
 * How long to wait after this many tries before the next one; null: give up. Doubles, and is spread over its upper half
 * by `random` (0..1), so that those who failed together do not come back together.
 */
export function retryWaitMs(tries: number, fault: SourceFault, random: number): number | null {
  if (fault.kind !== "passing" || tries >= TRIES_MAX) return null;
  const waitMs = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + random / 2);
  const askedMs = fault.retryAfterMs ?? 0;
  return askedMs > WAIT_MS_MAX ? null : Math.max(waitMs, askedMs);
}
