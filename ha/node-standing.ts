import { viewOf } from "./agent-view.ts";
import type { AgentHistory } from "./agent-history.ts";
import type { AgentView } from "./core/health.ts";
import type { Position } from "./core/messages.ts";
import { copyOfRecord } from "./core/promotion-plan.ts";
import type { DiskSpace } from "./io/disk-space.ts";
import type { LeaseShell } from "./lease-shell.ts";
import type { Neighbours } from "./neighbours.ts";
import type { NetworkWatch } from "./network-watch.ts";
import type { NodeParts } from "./node-parts.ts";
import type { PrimaryDuty } from "./primary-duty.ts";

/** Everything by which it is judged how a node stands. */
export type StandingParts = NodeParts & {
  readonly shell: LeaseShell;
  readonly primary: PrimaryDuty;
  readonly space: DiskSpace;
  readonly network: NetworkWatch;
  readonly neighbours: Neighbours;
  readonly history: AgentHistory;
  readonly appPort: number;
  readonly nowMs: number;
};

/** Why this node could not lead now; null when it could. */
export function whyNotLead({ shell, primary, space, disk, link, nowMs }: StandingParts): string | null {
  const broken = primary.broken(nowMs);
  if (broken !== null) return broken;
  // With little room it leads only where nobody else does.
  const { promise, name } = shell.member.voter;
  const led = promise !== null && promise.to !== name && promise.untilMs > nowMs;
  if (led && space.low !== null) return space.low;
  if (copyOfRecord(disk.onDisk()) === null) return "this node holds no copy of the ledger yet";
  return link.pid === null ? "the link process does not run" : null;
}

/** How far this node's copy of the ledger goes, or its ledger while it leads. */
export function positionOf({ shell, primary, disk }: StandingParts): Position {
  const { phase } = shell.member;
  if (phase.kind === "primary") return { epoch: phase.epoch, txid: primary.replication?.txid ?? 0 };
  const { lineageEpoch, received } = disk.onDisk();
  if (received !== null && copyOfRecord({ lineageEpoch, received }) === "received") return received;
  return { epoch: lineageEpoch ?? 0, txid: 0 };
}

/** What this node says of itself and of the pair as it sees it. */
export function standingView(parts: StandingParts): AgentView {
  const { shell, primary, app, link, standby, verifier, history, neighbours, appPort, nowMs } = parts;
  return viewOf({
    member: shell.member,
    nowMs,
    appReady: app.ready,
    ledgerOpen: primary.ledgerOpen,
    pids: {
      agent: process.pid,
      link: link.pid,
      app: app.pid,
      litestream: primary.replication?.pid ?? standby.warm?.pid() ?? null,
    },
    troubles: troublesOf(parts),
    replicaTrouble: primary.replicaTrouble,
    appNotes: app.notes,
    history: history.recent,
    verified: verifier.last,
    appPort,
    counters: neighbours.counters(),
    refusals: neighbours.refusals(),
    retired: neighbours.keeper.retired,
  });
}

/** What is not as it should be on this node, one sentence each. */
function troublesOf({ space, app, link, network, verifier, primary, neighbours, nowMs }: StandingParts): string[] {
  const own = [space.low, app.trouble, link.trouble, network.trouble, verifier.trouble];
  const known = own.filter((reason) => reason !== null);
  return [...new Set([...known, ...primary.troubles(nowMs), ...neighbours.troubles])];
}
