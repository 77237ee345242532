import { presets } from "../../../ha/core/timing.ts";
import type { Facts, PermissionFact, PortFact } from "./facts.ts";

/** One line for the owner; `remedy` says what to do about it, null where there is nothing to do. */
export type Finding = {
  readonly check: string;
  readonly level: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly remedy: string | null;
};

type Judged = readonly [level: Finding["level"], detail: string, remedy?: string];

const MB = 1_000_000;
const dayMs = 86_400_000;
/** A certificate or a file from the future: the clock was set back, or has no battery. */
const clockBehindMsMax = 60_000;
const skewMsWarn = 2_500;
const skewMsMax = 60_000;
const freeBytesMin = 24 * 1024 * 1024;
const freeBytesWanted = 200 * MB;
const calendarDaysWarn = 60;
/** 10 Mbit/s: a poor Wi-Fi. */
const assumedBytesPerSecond = 1.25 * MB;
/** A new epoch uploads the ledger whole: in ten seconds as a rule, in thirty before Litestream gives its request up. */
const uploadS = 10;
const uploadSMax = 30;

const checks: readonly (readonly [name: string, judge: (facts: Facts) => Judged])[] = [
  ["clock", clock],
  ["peer clock", peerClock],
  ["disk speed", diskSpeed],
  ["disk space", diskSpace],
  ["ports", ports],
  ["multicast", multicast],
  ["address", address],
  ["node version", nodeVersion],
  ["sqlite", sqlite],
  ["peer version", peerVersion],
  ["litestream", litestream],
  ["replication", replication],
  ["ledger size", ledgerSize],
  ["protection", protection],
  ["calendar", calendar],
  ["permissions", permissions],
  ["leds", leds],
];

/** Judges everything that was gathered, one finding for each check, in a fixed order. */
export const examine = (facts: Facts): readonly Finding[] =>
  checks.map(([check, judge]) => {
    const [level, detail, remedy] = judge(facts);
    return { check, level, detail, remedy: remedy ?? null };
  });

function clock({ nowMs, clock: { synchronised, by, newestFileMs } }: Facts): Judged {
  const remedy = "Turn on time synchronisation: timedatectl set-ntp true.";
  const behindMs = newestFileMs - nowMs;
  if (behindMs > clockBehindMsMax)
    return ["fail", `it is ${seconds(behindMs)} behind this node's own newest file`, `Set the clock right. ${remedy}`];
  if (synchronised === null) return ["warn", `nothing on this machine says whether it is synchronised (${by})`, remedy];
  return synchronised ? ["ok", `synchronised, by ${by}`] : ["warn", `not synchronised, by ${by}`, remedy];
}

function peerClock({ peer }: Facts): Judged {
  if (peer === null) return ["ok", "no second node to compare with"];
  if (peer.clockAheadMs === null) return ["ok", `not compared: ${peer.name} did not answer`];
  const apartMs = Math.abs(peer.clockAheadMs);
  const detail = `${peer.name} is ${seconds(apartMs)} ${peer.clockAheadMs < 0 ? "behind" : "ahead"}`;
  const remedy = "Turn on time synchronisation on both boards: timedatectl set-ntp true.";
  if (apartMs > skewMsMax) return ["fail", detail, remedy];
  return apartMs > skewMsWarn ? ["warn", detail, remedy] : ["ok", `the same as that of ${peer.name}, to 2 s`];
}

function diskSpeed({ preset, disk: { path, slowestMs, writes, error } }: Facts): Judged {
  if (slowestMs === null)
    return ["fail", `${path} cannot be written to (${error ?? "unknown"})`, "Make room or mend the disk; see dmesg."];
  const { leaseMs } = presets[preset];
  const detail = `the slowest of ${writes} durable writes took ${slowestMs.toFixed(1)} ms`;
  const remedy = "Use a faster disk (no SD card), end what else writes to it, or a slower preset.";
  if (slowestMs > leaseMs / 3)
    return ["fail", `${detail}; a vote has to be written within a lease (${leaseMs} ms)`, remedy];
  return slowestMs > leaseMs / 10 ? ["warn", detail, remedy] : ["ok", detail];
}

function diskSpace({ disk: { path, freeBytes } }: Facts): Judged {
  if (freeBytes === null) return ["warn", "the system does not say how much is free", `Look at df ${path}.`];
  const detail = `${megabytes(freeBytes)} free for ${path}`;
  const remedy = "Delete what is not needed, old folders of the attic (trader attic list) for instance.";
  if (freeBytes < freeBytesMin) return ["fail", `${detail}: below 24 MB a node gives the lead away`, remedy];
  return freeBytes < freeBytesWanted ? ["warn", detail, remedy] : ["ok", detail];
}

const portTrouble: Readonly<Record<PortFact["state"], string | null>> = {
  free: null,
  ours: null,
  taken: "is held by another program",
  forbidden: "may not be used by this user",
  "no-address": "cannot be opened at this host",
};

const list = (some: readonly PortFact[]): string => some.map(({ what, port }) => `${what} ${port}`).join(", ");

function ports({ ports: all }: Facts): Judged {
  const wrong = all.filter(({ state }) => portTrouble[state] !== null);
  if (wrong.length === 0) {
    const held = all.filter(({ state }) => state === "ours");
    return [
      "ok",
      held.length === 0 ? `free: ${list(all)}` : `${list(all)}; held by this node: ${held.length} of ${all.length}`,
    ];
  }
  const detail = wrong.map((fact) => `${fact.what} ${fact.port} ${portTrouble[fact.state] ?? ""}`).join("; ");
  return [
    "fail",
    detail,
    'See who holds it with "ss -lntup" and end it, or choose other ports (above 1023) in node.json.',
  ];
}

function multicast({ multicast: { on, trouble } }: Facts): Judged {
  if (trouble === null) return ["ok", `works on ${on ?? "this machine"}`];
  const remedy =
    "Nothing is lost as long as addresses stay as they are; else allow UDP 5353 and multicast on that network.";
  return ["warn", `does not work on ${on ?? "any interface"} (${trouble})`, remedy];
}

function address({ address: { host, resolved, own, othersElsewhere } }: Facts): Judged {
  const remedy = `Set "host" in node.json to an address of this machine${own.length === 0 ? "" : `, as ${own.join(" or ")}`}.`;
  if (resolved.length === 0) return ["fail", `${host} is not known to the resolver`, remedy];
  const loopback = resolved.every((ip) => ip.startsWith("127.") || ip === "::1");
  if (loopback && othersElsewhere) return ["fail", `others cannot reach this node at ${host}`, remedy];
  if (loopback) return ["ok", `${host}, for members on this machine only`];
  const mine = resolved.some((ip) => own.includes(ip));
  return mine
    ? ["ok", `${host} is this machine`]
    : ["fail", `${host} (${resolved.join(", ")}) is not this machine`, remedy];
}

function nodeVersion({ versions: { own, node, nodeWanted } }: Facts): Judged {
  if (node === nodeWanted) return ["ok", `trader ${own} on its own Node ${node}`];
  return ["fail", `Node ${node} runs, not the project's own ${nodeWanted}`, 'Run "npm ci", and start by "npx trader".'];
}

function sqlite({ versions: { sqlite: version, sqliteError } }: Facts): Judged {
  if (version !== null) return ["ok", `SQLite ${version} by better-sqlite3`];
  return ["fail", `better-sqlite3 does not load (${sqliteError ?? "unknown"})`, 'Run "npm ci" on this machine.'];
}

function peerVersion({ peer, versions: { own } }: Facts): Judged {
  if (peer === null) return ["ok", "no second node"];
  const start = `Start it: trader run. If it runs, open its ports in the firewall, or see "trader members".`;
  if (!peer.reachable) return ["warn", `${peer.name} does not answer`, start];
  if (peer.version === own) return ["ok", `${peer.name} runs the same version, ${own}`];
  const detail =
    peer.version === null
      ? `${peer.name} does not say which it runs`
      : `${peer.name} runs ${peer.version}, this node ${own}`;
  return ["warn", detail, "Bring both to the same version, the standby first."];
}

function litestream({ litestream: { path, pinned, error } }: Facts): Judged {
  const remedy = 'Run "trader fetch-litestream", with LITESTREAM_BIN unset.';
  if (path === null) return ["fail", error ?? "not found", remedy];
  return pinned ? ["ok", path] : ["warn", `${path} has the right version, not the pinned checksum`, remedy];
}

function replication({ agent }: Facts): Judged {
  if (agent === null) return ["warn", "no agent runs here", 'Start it with "trader run".'];
  if (agent.litestreamPid !== null) return ["ok", `Litestream runs (${agent.role})`];
  if (!agent.peerReachable) return ["ok", "Litestream waits for a second node"];
  return [
    "warn",
    "the other node is there, and Litestream does not run",
    "It is started again by itself; if not, see the log.",
  ];
}

function ledgerSize({ ledger: { bytes, bytesPerSecond, bandwidthTrouble } }: Facts): Judged {
  if (bytes === null) return ["ok", "no ledger on this node yet"];
  const speed = bytesPerSecond ?? assumedBytesPerSecond;
  const how = bytesPerSecond === null ? `assumed; not measured: ${bandwidthTrouble ?? "no second node"}` : "measured";
  const takesS = bytes / speed;
  const detail = `${megabytes(bytes)} take ${takesS.toFixed(1)} s at ${megabytes(speed)}/s (${how})`;
  const remedy = `After a failover the whole ledger is sent, in ${uploadS} s at best. Use a wire or better Wi-Fi.`;
  if (takesS > uploadSMax) return ["fail", `${detail}; Litestream gives up after ${uploadSMax} s`, remedy];
  return takesS > uploadS ? ["warn", detail, remedy] : ["ok", detail];
}

function protection({ agent, cluster }: Facts): Judged {
  if (agent === null) {
    const detail = `${cluster.protection} with ${cluster.nodes} node${cluster.nodes === 1 ? "" : "s"}; what holds now is not known`;
    return ["warn", detail, 'Start the agent with "trader run".'];
  }
  const detail = `${agent.protection}. ${agent.limits}`;
  if (agent.reasons.length > 0) return ["warn", `${detail} Now: ${agent.reasons.join(" ")}`, "See trader status."];
  return ["ok", detail];
}

function calendar({ nowMs, calendarUntil }: Facts): Judged {
  const leftDays = Math.floor((Date.parse(calendarUntil) + dayMs - nowMs) / dayMs);
  const remedy = "Bring trader up to date: a newer version has a newer table.";
  if (leftDays < 0) return ["fail", `it ended on ${calendarUntil}: every exchange counts as closed`, remedy];
  const detail = `the exchanges' hours are known until ${calendarUntil}`;
  return leftDays < calendarDaysWarn ? ["warn", `${detail}, ${leftDays} days more`, remedy] : ["ok", detail];
}

function permissions({ permissions: all }: Facts): Judged {
  const wrong = all.flatMap((fact) => permissionTrouble(fact) ?? []);
  if (wrong.length === 0) return ["ok", "secrets are this user's alone, and nobody else can change the data directory"];
  const open = all.filter((fact) => permissionTrouble(fact) !== null).map(({ path }) => path);
  return ["fail", wrong.join("; "), `As their owner: chmod go= ${open.join(" ")}`];
}

/** Others may list the folder of secrets that they cannot read, not put files there. */
const forbiddenBits = { secret: 0o077, folder: 0o022 } as const;

function permissionTrouble({ path, kind, mode, own }: PermissionFact): string | null {
  if (mode === null) return `${path} is not there or cannot be looked at`;
  if (!own) return `${path} belongs to another user`;
  return (mode & forbiddenBits[kind]) === 0 ? null : `${path} is open to others (${(mode & 0o777).toString(8)})`;
}

function leds({ leds: { lamps, router, enabled } }: Facts): Judged {
  if (!enabled) return ["ok", "off by TRADER_LEDS"];
  const there = [lamps ? "the board's lamps" : [], router ? "the router of the matrix" : []].flat();
  return ["ok", there.length === 0 ? "no LEDs here; not needed" : `here: ${there.join(", ")}`];
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
