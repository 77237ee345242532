import { expect, test } from "vitest";
import { examine } from "../../../../src/cli/doctor/checks.ts";
import type { Facts } from "../../../../src/cli/doctor/facts.ts";

const nowMs = Date.UTC(2026, 10, 26, 12);

/** A protected pair on which nothing is wrong. */
const sound: Facts = {
  nowMs,
  preset: "default",
  clock: { synchronised: true, by: "timedatectl", newestFileMs: nowMs - 1_000 },
  disk: { path: "/data", freeBytes: 8e9, slowestMs: 4, writes: 40, error: null },
  ports: [
    { what: "app", port: 8000, state: "ours" },
    { what: "link", port: 8009, state: "free" },
  ],
  multicast: { on: "192.168.1.10", trouble: null },
  address: { host: "192.168.1.10", resolved: ["192.168.1.10"], own: ["192.168.1.10"], othersElsewhere: true },
  versions: { own: "0.1.0", node: "24.21.0", nodeWanted: "24.21.0", sqlite: "3.54.1", sqliteError: null },
  peer: { name: "uno-b", reachable: true, version: "0.1.0", clockAheadMs: 400 },
  litestream: { path: "/cache/litestream", pinned: true, error: null },
  agent: {
    role: "primary",
    protection: "strict",
    limits: "Any one of the three may die.",
    reasons: [],
    litestreamPid: 7,
    peerReachable: true,
  },
  ledger: { bytes: 2e6, bytesPerSecond: 5e6, bandwidthTrouble: null },
  cluster: { nodes: 2, protection: "strict" },
  calendarUntil: "2027-12-31",
  permissions: [
    { path: "/data", kind: "folder", mode: 0o40_755, own: true },
    { path: "/data/secrets.json", kind: "secret", mode: 0o100_600, own: true },
  ],
  leds: { lamps: false, router: false, enabled: true },
};
const { clock, disk, address, versions, peer, agent, ledger, litestream } = sound;
const secret = { path: "/data/secrets.json", kind: "secret" as const, mode: 0o100_600, own: true };

/** A defect, the one check that sees it, how badly, and what it says. */
const defects: readonly (readonly [check: string, level: "warn" | "fail", says: RegExp, change: Partial<Facts>])[] = [
  ["clock", "warn", /not synchronised/, { clock: { ...clock, synchronised: false } }],
  ["clock", "warn", /nothing on this machine says/, { clock: { ...clock, synchronised: null } }],
  ["clock", "fail", /3600 s behind/, { clock: { ...clock, newestFileMs: nowMs + 3_600_000 } }],
  ["peer clock", "warn", /uno-b is 4 s behind/, { peer: peer && { ...peer, clockAheadMs: -4_000 } }],
  ["peer clock", "fail", /uno-b is 3600 s ahead/, { peer: peer && { ...peer, clockAheadMs: 3_600_000 } }],
  ["disk speed", "warn", /301\.0 ms/, { disk: { ...disk, slowestMs: 301 } }],
  ["disk speed", "fail", /within a lease \(3000 ms\)/, { disk: { ...disk, slowestMs: 1_001 } }],
  ["disk speed", "fail", /within a lease \(1000 ms\)/, { preset: "fast", disk: { ...disk, slowestMs: 334 } }],
  ["disk speed", "fail", /cannot be written to \(EROFS\)/, { disk: { ...disk, slowestMs: null, error: "EROFS" } }],
  ["disk space", "warn", /100\.0 MB free/, { disk: { ...disk, freeBytes: 1e8 } }],
  ["disk space", "fail", /gives the lead away/, { disk: { ...disk, freeBytes: 2e7 } }],
  ["disk space", "warn", /does not say/, { disk: { ...disk, freeBytes: null } }],
  ["ports", "fail", /app 8000 is held by another/, { ports: [{ what: "app", port: 8000, state: "taken" }] }],
  ["ports", "fail", /app 80 may not be used/, { ports: [{ what: "app", port: 80, state: "forbidden" }] }],
  ["ports", "fail", /cannot be opened/, { ports: [{ what: "app", port: 80, state: "no-address" }] }],
  [
    "multicast",
    "warn",
    /did not come back/,
    { multicast: { on: "10.0.0.1", trouble: "what was sent did not come back" } },
  ],
  ["address", "fail", /not known to the resolver/, { address: { ...address, resolved: [] } }],
  ["address", "fail", /is not this machine/, { address: { ...address, own: ["192.168.1.99"] } }],
  ["address", "fail", /others cannot reach/, { address: { ...address, host: "localhost", resolved: ["127.0.0.1"] } }],
  ["node version", "fail", /Node 20\.1\.0 runs/, { versions: { ...versions, node: "20.1.0" } }],
  [
    "sqlite",
    "fail",
    /does not load \(no GLIBC\)/,
    { versions: { ...versions, sqlite: null, sqliteError: "no GLIBC" } },
  ],
  [
    "peer version",
    "warn",
    /uno-b does not answer/,
    { peer: peer && { ...peer, reachable: false, clockAheadMs: null } },
  ],
  ["peer version", "warn", /uno-b runs 0\.2\.0, this node 0\.1\.0/, { peer: peer && { ...peer, version: "0.2.0" } }],
  ["peer version", "warn", /does not say/, { peer: peer && { ...peer, version: null } }],
  ["litestream", "fail", /not there/, { litestream: { path: null, pinned: false, error: "not there" } }],
  ["litestream", "warn", /not the pinned checksum/, { litestream: { ...litestream, pinned: false } }],
  ["replication", "warn", /Litestream does not run/, { agent: agent && { ...agent, litestreamPid: null } }],
  ["ledger size", "warn", /11\.0 s at 5\.0 MB\/s \(measured\)/, { ledger: { ...ledger, bytes: 5.5e7 } }],
  ["ledger size", "fail", /Litestream gives up/, { ledger: { ...ledger, bytes: 1.6e8 } }],
  [
    "ledger size",
    "warn",
    /16\.0 s at 1\.3 MB\/s \(assumed; not measured: refused\)/,
    { ledger: { bytes: 2e7, bytesPerSecond: null, bandwidthTrouble: "refused" } },
  ],
  ["protection", "warn", /Now: The arbiter w/, { agent: agent && { ...agent, reasons: ["The arbiter w is silent."] } }],
  ["calendar", "warn", /29 days more/, { calendarUntil: "2026-12-25" }],
  ["calendar", "fail", /counts as closed/, { calendarUntil: "2026-11-24" }],
  ["permissions", "fail", /open to others \(644\)/, { permissions: [{ ...secret, mode: 0o100_644 }] }],
  ["permissions", "fail", /another user/, { permissions: [{ ...secret, own: false }] }],
  ["permissions", "fail", /not there/, { permissions: [{ ...secret, mode: null }] }],
  ["permissions", "fail", /open to others \(777\)/, { permissions: [{ ...secret, kind: "folder", mode: 0o40_777 }] }],
];

test("on a sound node every check is ok, and none has a remedy", () => {
  expect(examine(sound).filter(({ level, remedy }) => level !== "ok" || remedy !== null)).toEqual([]);
});

test.each(defects)("%s: %s, %s", (check, level, says, change) => {
  const found = examine({ ...sound, ...change }).filter((finding) => finding.level !== "ok");
  expect(found).toMatchObject([{ check, level, detail: expect.stringMatching(says) }]);
  expect(found[0]?.remedy).toMatch(/\w/);
});

test("without an agent, what needs one is not called sound", () => {
  const found = examine({ ...sound, agent: null }).filter(({ level }) => level !== "ok");
  expect(found.map(({ check }) => check)).toEqual(["replication", "protection"]);
});

test("every check but the lamps, which nothing depends on, is seen red by a defect above", () => {
  const seen = new Set(defects.map(([check]) => check));
  expect(
    examine(sound)
      .map(({ check }) => check)
      .filter((check) => !seen.has(check)),
  ).toEqual(["leds"]);
});
