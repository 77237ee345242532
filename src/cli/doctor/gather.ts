import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pino } from "pino";
import { z } from "zod";
import { protectionOf } from "../../../ha/core/protection.ts";
import { findLitestream } from "../../../ha/io/litestream-binary.ts";
import { sha256Of } from "../../../ha/io/litestream-fetch.ts";
import { pinsFor } from "../../../ha/io/litestream-pins.ts";
import { readNodeConfig, readRoster } from "../../../ha/io/node-files.ts";
import { version as own } from "../../../ha/io/version.ts";
import { ledSettings } from "../../led/led-settings.ts";
import { probeLampNames } from "../../led/sysfs/lamp-names.ts";
import { calendarsUntil } from "../../market/calendar/market-hours.ts";
import { askAgent } from "../agent-call.ts";
import { agentViewSchema } from "../agent-view.ts";
import type { ShownView } from "../agent-view.ts";
import { CliError, exitCodes } from "../exit.ts";
import type { AgentFact, Facts, PermissionFact } from "./facts.ts";
import { probeClock } from "./probe-clock.ts";
import { probeDisk } from "./probe-disk.ts";
import { probeAddress, probeMulticast } from "./probe-network.ts";
import { probeBandwidth, probePeer } from "./probe-peer.ts";
import { probePorts } from "./probe-ports.ts";

const { optionalDependencies } = z
  .object({ optionalDependencies: z.record(z.string(), z.string()) })
  .parse(createRequire(import.meta.url)("../../../package.json"));

/** Looks at everything that the checks judge, with or without a running agent; throws where there is no node at all. */
export async function gatherFacts(dataDir: string): Promise<Facts> {
  const config = readNodeConfig(dataDir);
  const { members, arbiter } = readRoster(dataDir);
  const nodes = members.filter(({ kind }) => kind === "node");
  const peerMember = nodes.find(({ name }) => name !== config.name) ?? null;
  const others = members.filter(({ name }) => name !== config.name).map(({ host }) => host);
  const view = await viewOf(dataDir);
  const pids = Object.values(view?.pids ?? {}).filter((pid) => pid !== null);
  const address = await probeAddress(config.host, others);
  // The speed of the disk first and alone: the rest would disturb it.
  const disk = await probeDisk(dataDir);
  const [clock, ports, multicast, peer, litestream] = await Promise.all([
    probeClock(dataDir),
    probePorts(config, pids),
    probeMulticast(address),
    peerMember === null ? null : probePeer(peerMember),
    litestreamFact(),
  ]);
  const bandwidth = await probeBandwidth(dataDir, config.name, peerMember);
  return {
    nowMs: Date.now(),
    preset: config.preset,
    clock,
    disk,
    ports,
    multicast,
    address,
    versions: await versions(),
    peer,
    litestream,
    agent: view === null ? null : agentFact(view),
    ledger: { bytes: ledgerBytes(dataDir), ...bandwidth },
    cluster: { nodes: nodes.length, protection: protectionOf[arbiter.kind] },
    calendarUntil: calendarsUntil(),
    permissions: permissions(dataDir),
    leds: ledFact(),
  };
}

/** Null where no agent runs; one that runs and cannot be asked is an error with its own sentence. */
async function viewOf(dataDir: string): Promise<ShownView | null> {
  try {
    return await askAgent({ dataDir, method: "GET", route: "/status", limitMs: 2_000 }, agentViewSchema);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.noAgent) return null;
    throw error;
  }
}

const agentFact = ({ role, protection, limits, reasons, pids, peer }: ShownView): AgentFact => ({
  role,
  protection,
  limits,
  reasons,
  litestreamPid: pids.litestream,
  peerReachable: peer?.reachable ?? false,
});

async function versions(): Promise<Facts["versions"]> {
  const nodeWanted = optionalDependencies[`node-linux-${process.arch}`] ?? "(none for this machine)";
  const base = { own, node: process.versions.node, nodeWanted };
  try {
    const { default: Database } = await import("better-sqlite3");
    const memory = new Database(":memory:");
    const sqlite = z.string().parse(memory.prepare("SELECT sqlite_version()").pluck().get());
    memory.close();
    return { ...base, sqlite, sqliteError: null };
  } catch (error) {
    return { ...base, sqlite: null, sqliteError: error instanceof Error ? error.message : String(error) };
  }
}

async function litestreamFact(): Promise<Facts["litestream"]> {
  try {
    const path = await findLitestream({ env: process.env, log: pino({ level: "silent" }), fetch: false });
    const pinned = (await sha256Of(path)) === pinsFor(process.platform, process.arch)?.binarySha256;
    return { path, pinned, error: null };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { path: null, pinned: false, error: text.replaceAll(/\s*\n\s*/g, " ") };
  }
}

/** Of the ledger, or where this node has none of its own, of the warm copy that would become it. */
function ledgerBytes(dataDir: string): number | null {
  const paths = ["ledger/ledger.db", "follower/ledger.db"].map((path) => join(dataDir, path));
  const path = paths.find((one) => existsSync(one));
  return path === undefined ? null : (statSync(path, { throwIfNoEntry: false })?.size ?? null);
}

function permissions(dataDir: string): readonly PermissionFact[] {
  const secrets = ["secrets.json", "pki/node.key"].map((path) => permission(join(dataDir, path), "secret"));
  // Only a founder has the authority's key.
  const authority = existsSync(join(dataDir, "pki/ca.key")) ? [permission(join(dataDir, "pki/ca.key"), "secret")] : [];
  return [permission(dataDir, "folder"), ...secrets, ...authority];
}

function permission(path: string, kind: PermissionFact["kind"]): PermissionFact {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return { path, kind, mode: null, own: false };
  return { path, kind, mode: info.mode, own: info.uid === process.getuid?.() };
}

function ledFact(): Facts["leds"] {
  const { enabled, routerSocket, sysfsRoot } = ledSettings(process.env, { error: () => undefined });
  return { enabled, lamps: probeLampNames(sysfsRoot) !== null, router: existsSync(routerSocket) };
}
