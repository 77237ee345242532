import type { Name, Position } from "./messages.ts";
import type { Protection } from "./protection.ts";

/** What an agent knows of itself and its pair at one instant; everything that is shown is made from it. */
export type AgentView = {
  readonly node: Name;
  readonly role: "primary" | "standby" | "starting" | "stepping-down";
  /** The lease's holder as far as this node knows, itself included; null when nobody is known to hold it. */
  readonly primary: Name | null;
  readonly epoch: number;
  /** How long this node's own lease still runs; 0 when it has none. */
  readonly leaseLeftMs: number;
  /** The app has opened the ledger of this epoch and its schedule runs. */
  readonly ledgerOpen: boolean;
  readonly position: Position;
  /** The nodes that hold everything confirmed. */
  readonly inSync: readonly Name[];
  readonly protection: Protection;
  /** What the pair cannot survive as things are, in a sentence. */
  readonly limits: string;
  /** The other node; null on one board alone. */
  readonly peer: PeerView | null;
  readonly arbiter: { readonly name: Name; readonly kind: string; readonly reachable: boolean } | null;
  /** Process ids; null for what does not run. */
  readonly pids: {
    readonly agent: number | null;
    readonly link: number | null;
    readonly app: number | null;
    readonly litestream: number | null;
  };
  /** What is not as it should be, one sentence each. */
  readonly reasons: readonly string[];
  /** Those of the reasons that are about this node itself, not about the pair. */
  readonly troubles: readonly string[];
  /** What the app wants known of its work, one sentence each; nothing here is about the pair. */
  readonly appNotes: readonly string[];
  /** Maintenance: no automatic promotion. */
  readonly paused: boolean;
  /** The newest events, oldest first. */
  readonly history: readonly { readonly at: string; readonly text: string }[];
  /** How the newest verification of this node's copy ended, `at` by wall time; null: none is known. */
  readonly verified: Verified | null;
  readonly appPort: number | null;
  readonly counters: Readonly<Record<string, number>>;
};

type Verified = { readonly at: string; readonly sound: boolean; readonly epoch: number; readonly txid: number };

type PeerView = {
  readonly name: Name;
  /** Heard from within the lease. */
  readonly reachable: boolean;
  readonly inSync: boolean;
  /** Transactions that the standby of the two is behind the primary; null when not known. */
  readonly lagTxids: number | null;
  /** Since it was last heard; null: not in this run. */
  readonly lastHeardMs: number | null;
};

/** The questions that outside monitors, load balancers and displays ask. */
export type Question =
  | { readonly kind: "live" | "ready" | "health" | "primary" | "cluster" }
  | { readonly kind: "standby"; readonly lagTxidsMax: number | null };

/** `reasons` is empty exactly when the answer is yes. */
export type Verdict = { readonly yes: boolean; readonly reasons: readonly string[] };

type Check = readonly [holds: boolean, otherwise: string];

/** Answers one question from a view; says everything that stands in the way, not only the first. */
export function judge(view: AgentView, question: Question): Verdict {
  const reasons = checks(view, question)
    .filter(([holds]) => !holds)
    .map(([, otherwise]) => otherwise);
  return { yes: reasons.length === 0, reasons };
}

function checks(view: AgentView, question: Question): readonly Check[] {
  switch (question.kind) {
    case "live":
      return [];
    case "ready":
      return readyChecks(view);
    case "health":
      return view.role === "primary" ? primaryChecks(view) : streamingChecks(view);
    case "primary":
      return primaryChecks(view);
    case "standby":
      return [...streamingChecks(view), ...lagChecks(view, question.lagTxidsMax)];
    case "cluster":
      break;
  }
  return clusterChecks(view);
}

/** Warm: could serve, and be promoted or asked, at once. */
const readyChecks = ({ node, role, pids }: AgentView): readonly Check[] => [
  [role === "primary" || role === "standby", `${node} is ${role}.`],
  [pids.app !== null, "The app does not run."],
  [pids.link !== null, "The link does not run."],
];

const primaryChecks = ({ node, role, leaseLeftMs, ledgerOpen, pids }: AgentView): readonly Check[] => {
  if (role !== "primary") return [[false, `${node} is not the primary; it is ${role}.`]];
  return [
    [leaseLeftMs > 0, "The lease has ended."],
    [pids.app !== null, "The app does not run."],
    [ledgerOpen, "The app has not opened the ledger."],
  ];
};

const streamingChecks = (view: AgentView): readonly Check[] => {
  const { node, role, peer, primary } = view;
  if (role !== "standby") return [[false, `${node} is not a standby; it is ${role}.`]];
  return [
    [primary !== null, "No primary is known."],
    [peer !== null && peer.reachable, `${peer?.name ?? "The other node"} is not heard from.`],
    [view.inSync.includes(node), `${node} does not hold everything confirmed yet; it is catching up.`],
    [view.verified?.sound !== false, `The copy of the ledger on ${node} failed its verification.`],
    [view.pids.link !== null, "The link, which receives the replica, does not run."],
  ];
};

const lagChecks = ({ peer }: AgentView, lagTxidsMax: number | null): readonly Check[] => {
  if (lagTxidsMax === null) return [];
  const lag = peer?.lagTxids ?? null;
  if (lag === null) return [[false, "How far it is behind is not known."]];
  return [[lag <= lagTxidsMax, `It is ${lag} transactions behind; ${lagTxidsMax} are allowed.`]];
};

/** Protected: any one of the three may die now, and nothing confirmed is lost and the work goes on. */
const clusterChecks = (view: AgentView): readonly Check[] => {
  const { node, role, peer, arbiter, inSync, primary } = view;
  const here: readonly Check[] =
    role === "primary" ? primaryChecks(view) : [[primary !== null, "No primary is known."], ...streamingChecks(view)];
  const standby = role === "primary" ? (peer?.name ?? null) : node;
  return dedupe([
    ...here,
    [peer !== null, "There is one board only."],
    [peer === null || peer.reachable, `${peer?.name ?? ""} is not heard from.`],
    [standby === null || inSync.includes(standby), `${standby ?? ""} does not hold everything confirmed yet.`],
    [role !== "primary" || peer?.inSync !== false, `${peer?.name ?? ""} has not recorded yet that it may lead.`],
    [arbiter !== null || view.protection === "manual", "There is no arbiter."],
    [view.protection !== "manual", "Failover is by hand: nobody takes over by itself."],
    [arbiter === null || arbiter.reachable, `The arbiter ${arbiter?.name ?? ""} does not answer.`],
    [!view.paused, "Maintenance is on: there is no automatic failover."],
  ]);
};

const dedupe = (all: readonly Check[]): readonly Check[] =>
  all.filter(([, text], at) => all.findIndex(([, other]) => other === text) === at);
