/** What the owner is told unasked, decided from what one node knows of the pair. Real monotonic milliseconds. */

/** The pair as one node sees it at an instant. */
export type Situation = {
  readonly node: string;
  readonly role: "primary" | "standby";
  /** Who leads; null: nobody is known to. */
  readonly primary: string | null;
  readonly epoch: number;
  readonly peer: { readonly name: string; readonly reachable: boolean; readonly inSync: boolean } | null;
  readonly arbiter: { readonly name: string; readonly reachable: boolean } | null;
  /** What is wrong with this node itself, one sentence each. */
  readonly troubles: readonly string[];
  /** What it waits for where nobody leads, one sentence each. */
  readonly waitsFor: readonly string[];
};

/** One message to the owner; `open` and `closed` of one key belong together. */
export type Alert = {
  readonly key: string;
  readonly state: "open" | "closed" | "event";
  readonly severity: "info" | "warning" | "critical";
  readonly text: string;
};

type Condition = Pick<Alert, "key" | "severity" | "text"> & {
  /** It is told when it has lasted so long. */
  readonly holdMs: number;
  readonly ended: string;
};

type Known = { readonly condition: Condition; readonly sinceMs: number; readonly told: boolean };

/** What was seen and told so far. */
export type AlertState = {
  /** Whom this node last saw leading. */
  readonly leader: string | null;
  /** Whom it has followed as primary, until that is told. */
  readonly after: { readonly name: string; readonly sinceMs: number } | null;
  readonly known: ReadonlyMap<string, Known>;
};

export const noAlerts: AlertState = { leader: null, after: null, known: new Map() };

/** A restart, a blip of the network and a planned change pass by unmentioned. */
const goneHoldMs = 10_000;
/** By then it shows whether the one that led before is gone. */
const movedHoldMs = 3_000;
const syncHoldMs = 120_000;
const troubleHoldMs = 30_000;
const leaderlessHoldMs = 20_000;
/** More conditions than this at once are not told one by one. */
const conditionsMax = 16;

/**
 * The next state, and what is to be sent now. Of the pair only its primary speaks, so that one death is told once, by
 * the survivor; of itself each node, and a standby where nobody leads. What was told is told to be over by the same node.
 */
export function nextAlerts(state: AlertState, now: Situation, nowMs: number): { state: AlertState; alerts: Alert[] } {
  const alerts: Alert[] = [];
  const after = afterWhom(state, now, nowMs);
  const moved = after !== null && nowMs - after.sinceMs >= movedHoldMs ? movedFrom(after.name, now) : null;
  if (moved !== null) alerts.push(moved);
  const known = new Map<string, Known>();
  for (const condition of conditionsOf(now).slice(0, conditionsMax)) {
    const { key, severity, text, holdMs } = condition;
    const before = state.known.get(key);
    const sinceMs = before?.sinceMs ?? nowMs;
    // A takeover has told that its predecessor is gone.
    const told = before?.told === true || (moved?.key === tookOver && key === peerKey);
    const due = !told && speaksOf(key, now) && nowMs - sinceMs >= holdMs;
    if (due) alerts.push({ key, state: "open", severity, text });
    known.set(key, { condition, sinceMs, told: told || due });
  }
  for (const [key, { condition, told }] of state.known)
    if (told && !known.has(key)) alerts.push({ key, state: "closed", severity: "info", text: condition.ended });
  return { state: { leader: now.primary ?? state.leader, after: moved === null ? after : null, known }, alerts };
}

const tookOver = "took-over";
const peerKey = "peer";
const arbiterKey = "arbiter";

const speaksOf = (key: string, { role }: Situation): boolean =>
  role === "primary" || (key !== peerKey && key !== arbiterKey);

function afterWhom({ leader, after }: AlertState, { role, node }: Situation, nowMs: number): AlertState["after"] {
  if (role !== "primary") return null;
  return leader === null || leader === node ? after : { name: leader, sinceMs: nowMs };
}

function movedFrom(leader: string, { node, peer, epoch }: Situation): Alert {
  if (peer?.name !== leader || peer.reachable)
    return { key: "moved", state: "event", severity: "info", text: `${node} leads now, after ${leader}.` };
  const text = `${node} took over from ${leader}, which is not heard from (epoch ${epoch}).`;
  return { key: tookOver, state: "event", severity: "critical", text };
}

function conditionsOf(now: Situation): Condition[] {
  const leads = now.primary !== null;
  const pair = [peerCondition(now), arbiterCondition(now), leads ? null : leaderless(now)];
  return [...pair.filter((each) => each !== null), ...now.troubles.map((reason) => trouble(now.node, reason))];
}

function peerCondition({ node, peer }: Situation): Condition | null {
  if (peer === null || (peer.reachable && peer.inSync)) return null;
  const { name, reachable } = peer;
  return {
    key: peerKey,
    severity: reachable ? "warning" : "critical",
    holdMs: reachable ? syncHoldMs : goneHoldMs,
    text: reachable
      ? `${name} does not hold everything confirmed: if ${node} dies now, nobody takes over.`
      : `${name} is not heard from: ${node} works alone.`,
    ended: `${name} is there and holds everything confirmed: the pair is whole again.`,
  };
}

function arbiterCondition({ arbiter }: Situation): Condition | null {
  if (arbiter === null || arbiter.reachable) return null;
  return {
    key: arbiterKey,
    severity: "warning",
    holdMs: goneHoldMs,
    text: `The arbiter ${arbiter.name} does not answer: if a node dies now, trading stops.`,
    ended: `The arbiter ${arbiter.name} answers again.`,
  };
}

const leaderless = ({ node, waitsFor }: Situation): Condition => ({
  key: "leaderless",
  severity: "critical",
  holdMs: leaderlessHoldMs,
  text: [`Nobody leads, says ${node}.`, ...waitsFor].join(" "),
  ended: "There is a primary again.",
});

/** Sentences that differ in their figures only are one trouble. */
const trouble = (node: string, reason: string): Condition => ({
  key: `trouble: ${reason.replaceAll(/\d+/g, "#").slice(0, 120)}`,
  severity: "warning",
  holdMs: troubleHoldMs,
  text: `${node}: ${reason}`,
  ended: `${node}: over: ${reason}`,
});
