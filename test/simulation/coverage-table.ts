import { ordinaryFaults, reachabilityFaults } from "./faults.ts";

/**
 * What a hundred thousand schedules have to reach at least once. Not declared, for they cannot be here: "standby to
 * electing" and whatever else one board alone does without asking (`arbiterKind: standalone`).
 */
const declared: Readonly<Record<string, readonly string[]>> = {
  phase: [
    "standby to asking",
    "asking to standby",
    "asking to electing",
    "electing to standby",
    "electing to primary",
    "primary to stepping-down",
    "primary to releasing",
    "stepping-down to standby",
    "releasing to standby",
  ],
  answer: [
    "granted",
    "blank",
    "unknown-boot",
    "abstaining",
    "stale-epoch",
    "promised",
    "released",
    "not-in-sync",
    "other-run",
    "paused",
  ],
  promotion: ["resume", "start", "failover", "switchover", "forced"],
  "promotion step": [
    "stop-follower",
    "apply-received",
    "adopt-ledger",
    "relabel-ledger",
    "open-ledger",
    "start-replication",
  ],
  "old ledger": ["let go", "set aside", "set aside unread"],
  disk: ["a vote was torn", "a vote got through", "a vote was lost", "a vote could not be written"],
  app: ["died of its deadline"],
  "operator's failover": ["let through", "refused"],
  event: ["reach while standby", "reach while asking", "reach while primary", "reach while stepping-down"],
  parted: ["both led", "one gave way on contact"],
  switchover: ["released", "put back"],
  exchange: ["accept", "duplicate", "refuse"],
  order: [
    "planned to sent",
    "planned to not-sent",
    "planned to unknown",
    "planned to filled",
    "sent to open",
    "sent to filled",
    "sent to cancelled",
    "sent to unknown",
    "sent to rejected",
    "unknown to open",
    "unknown to filled",
    "unknown to cancelled",
    "unknown to not-sent",
    "unknown to sent",
    "open to filled",
    "open to cancelled",
  ],
  fault: [...new Set([...ordinaryFaults, ...reachabilityFaults]), "wipe"],
};

const keys = Object.entries(declared).flatMap(([kind, all]) => all.map((what) => `${kind}: ${what}`));

/** What is declared and was never reached. */
export const notReached = (counts: ReadonlyMap<string, number>): readonly string[] =>
  keys.filter((key) => !counts.has(key));

/** "61 of 61". */
export const reachedOf = (counts: ReadonlyMap<string, number>): string =>
  `${keys.length - notReached(counts).length} of ${keys.length}`;

/** Everything that was reached, declared or not, with how often; and what was not. */
export function coverageTable(counts: ReadonlyMap<string, number>): readonly string[] {
  const all = new Map([...keys.map((key): [string, number] => [key, 0]), ...counts]);
  return [...all]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => `${String(count).padStart(10)}  ${key}`);
}
