import { measureBandwidth } from "../../../ha/link/bandwidth.ts";
import { readIdentity } from "../../../ha/link/identity.ts";
import type { Member } from "../../../ha/io/node-files.ts";
import { VERSION_HEADER } from "../../../ha/io/version.ts";
import type { Facts } from "./facts.ts";

const healthLimitMs = 2_000;
const bandwidthLimitMs = 3_000;

/** What the other node's health endpoint says without being asked: its version, and its clock in every answer. */
export async function probePeer({ name, host, agentPort }: Member): Promise<NonNullable<Facts["peer"]>> {
  const at = host.includes(":") ? `[${host}]` : host;
  try {
    const askedMs = Date.now();
    const answer = await fetch(`http://${at}:${agentPort}/health/live`, { signal: AbortSignal.timeout(healthLimitMs) });
    const middleMs = (askedMs + Date.now()) / 2;
    await answer.body?.cancel();
    // Whole seconds, cut off: half of one more is the likeliest.
    const theirMs = Date.parse(answer.headers.get("date") ?? "") + 500;
    const clockAheadMs = Number.isFinite(theirMs) ? theirMs - middleMs : null;
    return { name, reachable: true, version: answer.headers.get(VERSION_HEADER), clockAheadMs };
  } catch {
    return { name, reachable: false, version: null, clockAheadMs: null };
  }
}

/** How fast a quarter megabyte arrives at the other node's receiver. */
export async function probeBandwidth(
  dataDir: string,
  self: string,
  peer: Member | null,
): Promise<Pick<Facts["ledger"], "bytesPerSecond" | "bandwidthTrouble">> {
  if (peer === null || peer.linkPort === undefined) return { bytesPerSecond: null, bandwidthTrouble: null };
  const { name, id, host, linkPort: port } = peer;
  try {
    const identity = readIdentity(dataDir, self);
    const bytesPerSecond = await measureBandwidth({ name, id, host, port }, identity, bandwidthLimitMs);
    return { bytesPerSecond, bandwidthTrouble: null };
  } catch (error) {
    return { bytesPerSecond: null, bandwidthTrouble: error instanceof Error ? error.message : String(error) };
  }
}
