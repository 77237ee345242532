import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { askAgent } from "./agent-call.ts";
import { agentViewSchema } from "./agent-view.ts";
import type { ShownView } from "./agent-view.ts";
import type { Progress } from "./progress.ts";

/** How a copy went; `trouble`: why it is not complete yet, with the remedy, null when it is. */
export type Copied = { readonly bytes: number; readonly trouble: string | null };

/** What is known of a copy under way; times are this process's own milliseconds. */
export type Watched = {
  readonly view: ShownView | null;
  readonly receivedBytes: number;
  /** When the agent was started, and from its first answer on, when that came. */
  readonly sinceMs: number;
  /** When more of the ledger had come than before. */
  readonly grewMs: number;
};

const everyMs = 200;
const stopLimitMs = 35_000;
/** A board that is busy takes its time to start a program. */
const startLimitMs = 45_000;
/** Longer than the longest lease: by then a pair that hears each other has a primary. */
const hearLimitMs = 15_000;
const growLimitMs = 15_000;

const traderMain = fileURLToPath(new URL("./main.ts", import.meta.url));

/** Whether a copy is complete, goes on, or does not come about, and what to do about it then. Pure. */
export function judgeCopy(watched: Watched, nowMs: number): "done" | "goes-on" | { readonly trouble: string } {
  const { view, receivedBytes, sinceMs, grewMs } = watched;
  const forMs = nowMs - sinceMs;
  if (view === null) return forMs < startLimitMs ? "goes-on" : { trouble: `Its agent does not answer. ${seeRun}` };
  const { peer, primary, position, epoch, inSync, node } = view;
  const complete = position.epoch === epoch && position.txid > 0 && peer?.lagTxids === 0;
  if (inSync.includes(node) || complete) return "done";
  if (forMs < hearLimitMs) return "goes-on";
  const other = peer?.name ?? "the other node";
  if (peer?.reachable !== true) return { trouble: `${other} is not heard: ${allow("UDP", "heartbeats, 8008")}` };
  if (primary === null) return { trouble: "Nobody leads yet, so there is nothing to copy: it comes with trader run." };
  if (nowMs - grewMs < growLimitMs) return "goes-on";
  const what = receivedBytes === 0 ? "Nothing arrives" : "No more arrives";
  return { trouble: `${what} from ${other}: ${allow("TCP", "replica, 8009")}` };
}

const seeRun = "See what it says: trader run.";
const allow = (protocol: string, port: string): string =>
  `allow ${protocol} between both boards, in either firewall, on the port of the ${port} as a rule.`;

/**
 * Runs this node until it holds what the primary has, and ends it again: the ledger comes to a running standby only,
 * from the one that holds the lease. Shows how far it is.
 */
export async function copyLedger(dir: string, ledgerBytes: number, progress: Progress): Promise<Copied> {
  const argv = [...process.execArgv, traderMain, "run", "--data", dir, "--lifeline", String(process.pid)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "ignore"] });
  const ended = once(child, "exit");
  const startedMs = performance.now();
  let watched: Watched = { view: null, receivedBytes: 0, sinceMs: startedMs, grewMs: startedMs };
  try {
    for (;;) {
      watched = await lookAgain(dir, watched);
      const { receivedBytes } = watched;
      const nowMs = performance.now();
      const verdict = hasEnded(child) ? { trouble: `It does not run. ${seeRun}` } : judgeCopy(watched, nowMs);
      if (verdict === "done") {
        const tookS = ((nowMs - startedMs) / 1_000).toFixed(1);
        progress.done(`the ledger is copied: ${sizeText(receivedBytes)} in ${tookS} s`);
        return { bytes: receivedBytes, trouble: null };
      }
      if (verdict !== "goes-on") {
        progress.warn(`the ledger is not copied yet. ${verdict.trouble}`);
        return { bytes: receivedBytes, ...verdict };
      }
      progress.now(copyText(watched, ledgerBytes));
      await delay(everyMs);
    }
  } finally {
    await end(child, ended);
  }
}

async function lookAgain(dir: string, before: Watched): Promise<Watched> {
  const view = (await viewOf(dir)) ?? before.view;
  const receivedBytes = bytesBelow(join(dir, "replica"));
  const nowMs = performance.now();
  return {
    view,
    receivedBytes,
    sinceMs: before.view === null && view !== null ? nowMs : before.sinceMs,
    grewMs: receivedBytes > before.receivedBytes ? nowMs : before.grewMs,
  };
}

function copyText({ view, receivedBytes }: Watched, ledgerBytes: number): string {
  if (view === null) return "starting, to copy the ledger";
  if (receivedBytes === 0) return `waiting for ${view.primary ?? "a primary"}, to copy the ledger`;
  return `copying the ledger: ${sizeText(receivedBytes)} have come, of a ledger of ${sizeText(ledgerBytes)}`;
}

async function viewOf(dataDir: string): Promise<ShownView | null> {
  return askAgent({ dataDir, method: "GET", route: "/status", limitMs: 2_000 }, agentViewSchema).catch(() => null);
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (hasEnded(child)) return;
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
  await ended;
  clearTimeout(late);
}

/** How much is in a folder; files may go while they are counted. */
export function bytesBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce(
        (sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch {
    return 0;
  }
}

/** A size as a person wants it beside a copy that goes on. */
export const sizeText = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
