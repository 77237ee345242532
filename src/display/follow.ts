import type { LedDisplay } from "../led/display.ts";

/** Between two questions to the node that is followed, and to each one while none is. Milliseconds. */
const pollMs = 1_000;
const searchMs = 500;
/** Figures are called fresh for this long after the question that they answer was asked: never later. */
export const freshMsMax = 5_000;
/** From then on old figures are not shown at all, and an answer of an older epoch is believed again. */
export const forgetMs = 60_000;
const sourcesMax = 8;

/** An address that may answer, "host:port"; `given` by a person, or heard of. */
type Source = {
  readonly address: string;
  readonly given: boolean;
  readonly askedMs: number;
  readonly underWay: boolean;
};
type Newest = { readonly display: LedDisplay; readonly from: string; readonly askedMs: number };

/**
 * What a display knows; a value, changed by the functions below. `following` is the source that answered last; null:
 * all are asked. Times are the display's own monotonic milliseconds.
 */
export type Follow = {
  readonly sources: readonly Source[];
  readonly following: string | null;
  readonly newest: Newest | null;
  /** The newest epoch that was seen: a primary of an older one is none any more. */
  readonly epoch: number;
  /** Why there is no answer, in words. */
  readonly reason: string;
  readonly sinceMs: number;
};

export type Shown =
  | { readonly kind: "fresh"; readonly display: LedDisplay; readonly from: string; readonly ageMs: number }
  | {
      readonly kind: "stale";
      readonly display: LedDisplay;
      readonly from: string;
      readonly ageMs: number;
      readonly reason: string;
    }
  | { readonly kind: "none"; readonly forMs: number; readonly reason: string };

export const beginFollow = (given: readonly string[], nowMs: number): Follow => ({
  sources: given.slice(0, sourcesMax).map((address) => newSource(address, true)),
  following: null,
  newest: null,
  epoch: 0,
  reason: given.length > 0 ? "no answer yet" : "no node has been found yet",
  sinceMs: nowMs,
});

const newSource = (address: string, given: boolean): Source => ({
  address,
  given,
  askedMs: Number.NEGATIVE_INFINITY,
  underWay: false,
});

/** A node says where it is. The one that was heard of first makes room when there are too many. */
export function sighted(follow: Follow, address: string): Follow {
  if (follow.sources.some((source) => source.address === address)) return follow;
  const spare = follow.sources.find(({ given, address: known }) => !given && known !== follow.following);
  const full = follow.sources.length >= sourcesMax;
  if (full && spare === undefined) return follow;
  const kept = full ? follow.sources.filter((source) => source !== spare) : follow.sources;
  return { ...follow, sources: [...kept, newSource(address, false)] };
}

/** Whom to ask now: the one that is followed once a second, or all of them twice. One question to each at a time. */
export function toAsk({ sources, following }: Follow, nowMs: number): readonly string[] {
  const everyMs = following === null ? searchMs : pollMs;
  return sources
    .filter(({ address, askedMs, underWay }) => {
      const wanted = following === null || following === address;
      return wanted && !underWay && nowMs - askedMs >= everyMs;
    })
    .map(({ address }) => address);
}

export const asked = (follow: Follow, address: string, nowMs: number): Follow =>
  withSource(follow, address, { askedMs: nowMs, underWay: true });

/** `askedMs` is when the question left: the figures may be as old as that. */
export function answered(follow: Follow, address: string, display: LedDisplay, askedMs: number): Follow {
  const settled = withSource(follow, address, { underWay: false });
  const { newest } = follow;
  const { epoch, node } = display.drawn_by;
  const remembered = newest !== null && askedMs - newest.askedMs < forgetMs;
  if (remembered && epoch < follow.epoch) {
    return lost(settled, address, `${node} still draws epoch ${epoch}, which is over`);
  }
  // An answer that was overtaken by another one's changes nothing.
  if (newest !== null && newest.askedMs > askedMs) return settled;
  return { ...settled, following: address, newest: { display, from: address, askedMs }, epoch };
}

/** A picture that came by itself; how long it was on its way is not known, so its age begins here. */
export const heard = (follow: Follow, from: string, display: LedDisplay, nowMs: number): Follow =>
  answered(follow, from, display, nowMs);

/** No answer, or one without figures. */
export const unanswered = (follow: Follow, address: string, reason: string): Follow =>
  lost(withSource(follow, address, { underWay: false }), address, reason);

/** The one that is followed is not followed any more; all are asked, beginning now. */
const lost = (follow: Follow, address: string, reason: string): Follow => ({
  ...follow,
  following: follow.following === address ? null : follow.following,
  reason: follow.following === null || follow.following === address ? reason : follow.reason,
});

/** What may be shown at this instant: figures are fresh for five seconds, old for a minute, then none. */
export function shownAt({ newest, reason, sinceMs }: Follow, nowMs: number): Shown {
  if (newest === null) return { kind: "none", forMs: nowMs - sinceMs, reason };
  const { display, from } = newest;
  const ageMs = nowMs - newest.askedMs;
  if (ageMs <= freshMsMax) return { kind: "fresh", display, from, ageMs };
  if (ageMs < forgetMs) return { kind: "stale", display, from, ageMs, reason };
  return { kind: "none", forMs: ageMs, reason };
}

const withSource = (follow: Follow, address: string, change: Partial<Source>): Follow => ({
  ...follow,
  sources: follow.sources.map((source) => (source.address === address ? { ...source, ...change } : source)),
});
