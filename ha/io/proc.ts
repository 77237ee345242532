import { readdirSync, readFileSync } from "node:fs";
import { errorCode } from "./durable-file.ts";

/** What identifies one process for good: a pid alone is reused. `startTicks` counts clock ticks since the boot `bootId`. */
export type ProcessIdentity = { pid: number; startTicks: string; bootId: string };

type Stat = { state: string; group: number; startTicks: string };

function statOf(pid: number | string): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // The second field is the name in brackets and may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, group, startTicks] = [fields[0], fields[2], fields[19]];
  if (state === undefined || group === undefined || startTicks === undefined) return null;
  return { state, group: Number(group), startTicks };
}

const isDead = (stat: Stat): boolean => stat.state === "Z" || stat.state === "X";

const bootIdNow = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();

/** The identity of a process that exists now, dead but unreaped ones included; null when there is none. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = statOf(pid);
  return stat === null ? null : { pid, startTicks: stat.startTicks, bootId: bootIdNow() };
}

/** Whether exactly this process still runs; a zombie, or another process under the same pid, does not count. */
export function isRunning(identity: ProcessIdentity): boolean {
  const stat = statOf(identity.pid);
  return stat !== null && !isDead(stat) && stat.startTicks === identity.startTicks && identity.bootId === bootIdNow();
}

const pageBytes = 4_096;

/** Resident memory of a process; 0 when there is none. */
export function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * pageBytes;
  } catch {
    return 0;
  }
}

/** Whether the group that this process leads or led is still its own: a live leader with another start time is a stranger. */
function isOwnGroup(leader: ProcessIdentity): boolean {
  const now = identify(leader.pid);
  // While a member lives, the kernel does not hand the number of its group out again.
  return now === null || (now.startTicks === leader.startTicks && now.bootId === leader.bootId);
}

/** Whether any process of the group that `leader` leads or led still runs; zombies that nobody reaped do not count. */
export function isGroupRunning(leader: ProcessIdentity): boolean {
  if (!isOwnGroup(leader)) return false;
  try {
    process.kill(-leader.pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
  }
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = statOf(name);
    return stat !== null && stat.group === leader.pid && !isDead(stat);
  });
}

/** SIGKILL to the whole group that `leader` leads or led; one that is gone already is no error. */
export function killGroup(leader: ProcessIdentity): void {
  // 0 and 1 would mean our own group and everything.
  if (!Number.isInteger(leader.pid) || leader.pid <= 1) throw new Error(`not a child: ${leader.pid}`);
  if (!isOwnGroup(leader)) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** Megabytes of memory that this process occupies; null when it is gone. */
export function residentMb(pid: number): number | null {
  try {
    const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return kb === undefined ? null : Number(kb) / 1024;
  } catch {
    return null;
  }
}

const POLL_MS = 5;

/** Resolves once no process of the group runs; rejects after `limitMs`, so "gone" is never said in vain. */
export async function groupGone(leader: ProcessIdentity, limitMs: number): Promise<void> {
  for (let waitedMs = 0; isGroupRunning(leader); waitedMs += POLL_MS) {
    if (waitedMs >= limitMs) throw new Error(`process group ${leader.pid} survives SIGKILL`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
