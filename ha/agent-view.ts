import type { AgentView } from "./core/health.ts";
import { acknowledgedBy } from "./core/acknowledgement.ts";
import { newestSync, remoteOf, votersNeeded } from "./core/member.ts";
import { validUntilMs } from "./core/validity.ts";
import type { Member } from "./core/member.ts";
import { needOf } from "./core/need.ts";
import { limitsOf, protectionOf } from "./core/protection.ts";
import { ledUnasked } from "./core/quorum.ts";

/** What a view is made from beside the lease core. */
export type ViewParts = {
  readonly member: Member;
  readonly nowMs: number;
  readonly appReady: boolean;
  readonly ledgerOpen: boolean;
  readonly pids: AgentView["pids"];
  /** What is not as it should be on this node, and with its replica, one sentence each. */
  readonly troubles: readonly string[];
  readonly replicaTrouble: string | null;
  readonly history: AgentView["history"];
  readonly verified: AgentView["verified"];
  readonly appNotes: readonly string[];
  readonly appPort: number;
  readonly counters: Readonly<Record<string, number>>;
  /** Why heartbeats that came within the last seconds were refused. */
  readonly refusals: readonly string[];
  /** Why this node is no member any more; null while it is one. */
  readonly retired: string | null;
};

/** Everything that health, status, page and alerts show, from what the agent has in memory. */
export function viewOf(parts: ViewParts): AgentView {
  const { member, nowMs, troubles, replicaTrouble } = parts;
  const { voter, phase, position } = member;
  const leads = phase.kind === "primary";
  const leaseLeftMs = leads ? Math.max(0, Math.round(validUntilMs(member) - nowMs)) : 0;
  const record = voter.record;
  const primary = primaryOf(member, nowMs);
  const strangers = leads || primary !== null ? [] : strangerReasons(parts.refusals);
  const own = [...strangers, ...ownReasons(member, primary, nowMs)];
  const pair = {
    protection: protectionOf[member.arbiterKind],
    // The newest set heard of: its own record may be from before it was put out of it.
    inSync: newestSync(member)?.inSync ?? [],
    peer: peerView(member, nowMs),
    arbiter: arbiterView(member, nowMs),
    paused: newestSync(member)?.paused ?? false,
  };
  return {
    node: voter.name,
    role: roleOf(parts),
    primary,
    epoch: leads ? phase.epoch : (record?.epoch ?? 0),
    leaseLeftMs,
    ledgerOpen: leads && parts.ledgerOpen,
    position,
    ...pair,
    limits: limitsOf(pair),
    pids: parts.pids,
    reasons:
      parts.retired === null
        ? [...troubles, ...(replicaTrouble === null ? [] : [replicaTrouble]), ...own]
        : [parts.retired],
    troubles,
    appNotes: parts.appNotes,
    history: parts.history,
    verified: parts.verified,
    appPort: parts.appPort,
    counters: parts.counters,
  };
}

function roleOf({ member, appReady }: ViewParts): AgentView["role"] {
  switch (member.phase.kind) {
    case "primary":
      return "primary";
    case "stepping-down":
    case "releasing":
      return "stepping-down";
    case "standby":
    case "asking":
    case "electing":
      break;
  }
  return appReady ? "standby" : "starting";
}

/** Whom this node's own voter has promised the lease to, as long as the promise runs. */
function primaryOf({ voter, phase }: Member, nowMs: number): string | null {
  if (phase.kind === "primary") return voter.name;
  const { promise, record } = voter;
  const runs =
    promise !== null && promise.untilMs > nowMs && promise.to !== voter.name && promise.to === record?.holder;
  return runs ? promise.to : null;
}

const heardWithinMs = (lastHeardMs: number, member: Member, nowMs: number): boolean =>
  nowMs - lastHeardMs < member.voter.timing.leaseMs + 4 * member.voter.timing.beatMs;

function peerView(member: Member, nowMs: number): AgentView["peer"] {
  const { peer, position, phase } = member;
  if (peer === null) return null;
  const remote = remoteOf(member, peer);
  const [ahead, behind] = phase.kind === "primary" ? [position, remote.position] : [remote.position, position];
  return {
    name: peer,
    reachable: heardWithinMs(remote.lastHeardMs, member, nowMs),
    inSync: holdsEverything(member, peer),
    lagTxids: ahead.epoch === behind.epoch ? Math.max(0, ahead.txid - behind.txid) : null,
    lastHeardMs: Number.isFinite(remote.lastHeardMs) ? Math.round(nowMs - remote.lastHeardMs) : null,
  };
}

/** In the newest set, and, where this node leads, known to have recorded it: before that nobody could elect it. */
function holdsEverything(member: Member, peer: string): boolean {
  const inSet = newestSync(member)?.inSync.includes(peer) ?? false;
  return inSet && (member.phase.kind !== "primary" || acknowledgedBy(member, peer));
}

function arbiterView(member: Member, nowMs: number): AgentView["arbiter"] {
  const { arbiter, arbiterKind: kind, network } = member;
  if (kind === "reachability")
    return { name: "network", kind, reachable: nowMs - network.allSentMs < member.voter.timing.leaseMs };
  if (arbiter === null) return null;
  return { name: arbiter, kind, reachable: heardWithinMs(remoteOf(member, arbiter).lastHeardMs, member, nowMs) };
}

/** Who waits in vain may have another cluster's data: a board whose disk was mixed up. */
const strangerReasons = (refusals: readonly string[]): readonly string[] => [
  ...(refusals.includes("foreign-cluster")
    ? [
        "Heartbeats of another cluster arrive here. If this is a board of that one, it runs with the wrong data directory.",
      ]
    : []),
  ...(refusals.includes("bad-signature")
    ? [
        "Heartbeats of a cluster of this name arrive here that have another secret. If this is a board of that one, it runs with the wrong data directory.",
      ]
    : []),
];

/** [HA-10] A node that does nothing says what it waits for, or which command is needed. */
function ownReasons(member: Member, primary: string | null, nowMs: number): readonly string[] {
  const { voter, phase, peer, arbiter, fit } = member;
  const { name } = voter;
  if (phase.kind === "primary" && peer !== null && ledUnasked(member))
    return [
      `${name} went on alone, and has not heard ${peer} since. If ${peer} led meanwhile, what it confirmed is missing here, and ${peer} leads when it is back.`,
    ];
  if (phase.kind === "primary" || primary !== null) return [];
  const need = needOf(member, nowMs);
  if (need?.kind === "enrolment") return [`${name} has no record yet; a primary enrols it. Start the other node.`];
  if (need?.kind === "one-machine")
    return [
      `Another machine runs as ${name}, with the same keys. Stop one of the two; a further board joins under a name of its own.`,
    ];
  if (member.arbiterKind === "witness" && arbiter === null) {
    return [
      'No witness has joined. Make a token with "trader token --kind witness" and run "trader witness --join TOKEN" on a third device.',
    ];
  }
  if (need?.kind === "start-or-failover") {
    const holders = need.names.join(" and ");
    return [
      `Only ${holders} holds everything confirmed. Start ${holders}, or lead from here and lose what it has: trader failover --accept-data-loss.`,
    ];
  }
  if (need?.kind === "operator")
    return [
      `${need.peer} led last, and does not lead now. If its board is off, and will not be started where it cannot hear ${name}, lead from here: trader failover${need.mayLose ? " --accept-data-loss (what it confirmed alone since it was last heard would be lost)" : ""}.`,
    ];
  if (need?.kind === "maintenance")
    return ["Maintenance is on: nobody is promoted by itself. To lead from here: trader failover."];
  if (!fit) return [`${name} is not ready to lead yet: its app or its copy of the ledger is missing.`];
  if (member.arbiterKind === "reachability")
    return [`${name} waits for ${peer ?? "the other node"}, or for every target of the network to answer.`];
  if (member.arbiterKind === "manual") return [`${name} listens for ${peer ?? "the other node"} before it goes on.`];
  if (votersNeeded(member) === 2)
    return [`${name} waits for ${arbiter ?? "the witness"} or ${peer ?? "the other node"} to grant the lease.`];
  return [];
}
