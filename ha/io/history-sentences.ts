import type { HistoryEvent } from "./history.ts";

type Of<Kind extends HistoryEvent["kind"]> = Extract<HistoryEvent, { kind: Kind }>;

/** What others wrote down about a promotion; each may be missing. */
type Known = {
  /** Why the one before gave the lease away. */
  readonly gave?: Of<"stepped-down"> | undefined;
  /** The one before, when it was back: only then the exact rows are known. */
  readonly back?: Of<"rejoined"> | undefined;
};

/** One plain sentence for people; a promotion with what others are known to have written about it. */
export function sentence(event: HistoryEvent, known: Known = {}): string {
  const { node } = event;
  switch (event.kind) {
    case "started":
      return `${node} started (epoch ${event.epoch}).`;
    case "promoted":
      return promotion(event, known);
    case "stepped-down":
      return `${node} stepped down from epoch ${event.epoch}: ${event.reason}.`;
    case "rejoined":
      return rejoining(event);
    case "set-changed": {
      const why = event.reason === null ? "" : ` (${event.reason})`;
      const who = event.inSync.length === 0 ? "nobody" : event.inSync.join(" and ");
      return `Everything confirmed is on ${who}${why}.`;
    }
    case "members":
      return `The members are ${event.members.join(", ")}; the third vote: ${event.arbiter} (roster ${event.version}).`;
    case "reinitialised":
      return `${node} threw its copy of the ledger away, which was at ${event.epoch}/${event.txid} and is in ${event.attic}, to be copied to anew.`;
    case "verified":
      return verification(event);
    case "maintenance":
      break;
  }
  return event.paused
    ? "Maintenance began: no automatic failover until it ends."
    : "Maintenance ended: automatic failover is on.";
}

/**
 * The histories of both nodes as one, oldest first, each event with its sentence: a takeover says what the other node
 * wrote about it, before and since. Wall clocks of two nodes differ; what belongs together is told by epochs.
 */
export function told(events: readonly HistoryEvent[]): (HistoryEvent & { sentence: string })[] {
  return events
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .map((event) => ({ ...event, sentence: sentence(event, event.kind === "promoted" ? knownOf(event, events) : {}) }));
}

function knownOf({ epoch, from }: Of<"promoted">, events: readonly HistoryEvent[]): Known {
  const ofThatNode = events.filter(({ node }) => node === from);
  const earlier = events.flatMap((each) => (each.kind === "promoted" && each.epoch < epoch ? [each.epoch] : []));
  const epochBefore = Math.max(...earlier, ...ofThatNode.flatMap((each) => endedIn(each, epoch)));
  const gave = ofThatNode.find((each) => each.kind === "stepped-down" && each.epoch === epochBefore);
  // In whichever epoch it comes back, it is the first time since it led that tells.
  const back = ofThatNode.find((each) => each.kind === "rejoined" && each.fromEpoch < epoch && each.toEpoch >= epoch);
  return {
    gave: gave?.kind === "stepped-down" ? gave : undefined,
    back: back?.kind === "rejoined" ? back : undefined,
  };
}

const endedIn = (event: HistoryEvent, before: number): number[] =>
  event.kind === "stepped-down" && event.epoch < before ? [event.epoch] : [];

function promotion(event: Of<"promoted">, known: Known): string {
  const { node, epoch, from, gapMs } = event;
  const other = from === null || from === node ? null : from;
  const what = other === null ? `${node} became primary` : `${node} took over from ${other}`;
  const gap = gapMs === null ? "" : `${(gapMs / 1_000).toFixed(2)} s without a primary`;
  const rest = [gap, other === null ? "" : loss(event, known)].filter((part) => part !== "").join("; ");
  return `${what}${why(event, other, known)} (epoch ${epoch})${rest === "" ? "" : `: ${rest}`}.`;
}

function why({ cause }: Of<"promoted">, from: string | null, { gave }: Known): string {
  switch (cause) {
    case "failover":
      return from === null ? " by failover" : `, which renewed its lease no more`;
    case "switchover":
      return gave === undefined ? " by switchover" : `, which gave the lease away (${gave.reason})`;
    case "start":
      return " at its start";
    case "unasked":
      return " alone, without a word from the other node, which may have led since";
    case "forced":
      break;
  }
  return " by an operator's word";
}

/** First the estimate, then, when the one before is back, what it really had alone. */
function loss({ cause, lostEstimate, from }: Of<"promoted">, { back }: Known): string {
  if (back !== undefined) {
    if (back.attic === null) return `${from ?? ""} came back with nothing of its own, so nothing was lost`;
    const rows = back.tailRows === null ? "uncounted rows" : plural(back.tailRows, "row");
    return `${from ?? ""} came back with ${rows} of its own, set aside in ${back.attic}`;
  }
  // One that gave the lease away for what it found in its ledger sends nothing more of it.
  if (cause === "switchover") return "nothing confirmed was lost";
  if (lostEstimate === null) return "what was not confirmed may be lost";
  if (lostEstimate === 0) return "nothing is known to be lost";
  return `up to ${plural(lostEstimate, "unconfirmed write")} not taken over`;
}

function rejoining({ node, fromEpoch, toEpoch, tailRows, attic }: Of<"rejoined">): string {
  const epochs = fromEpoch === toEpoch ? `epoch ${toEpoch}` : `epoch ${toEpoch}, last seen in ${fromEpoch}`;
  if (attic === null) return `${node} came back as standby (${epochs}).`;
  const rows = tailRows === null ? "rows" : plural(tailRows, "row");
  return `${node} came back as standby (${epochs}); ${rows} that nobody else had were set aside in ${attic}.`;
}

function verification({ node, outcome, tookMs }: Of<"verified">): string {
  const seconds = `${(tookMs / 1_000).toFixed(1)} s`;
  switch (outcome.kind) {
    case "sound": {
      const { epoch, txid, rows, bytes } = outcome;
      const held = `${plural(rows, "row")}, ${(bytes / 1024 / 1024).toFixed(1)} MB`;
      return `The copy on ${node} was restored and is what the primary has, at ${epoch}/${txid} (${held}, in ${seconds}).`;
    }
    case "damaged":
      return `The copy on ${node} is damaged, at ${outcome.epoch}/${outcome.txid}: ${outcome.reason}. Replace it, on ${node}: trader reinit ${node}.`;
    case "undone":
      break;
  }
  return `The copy on ${node} was not verified: ${outcome.reason}.`;
}

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
