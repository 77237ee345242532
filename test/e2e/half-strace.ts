import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { eventually } from "./demo-process.ts";

const ATTACH_LIMIT_MS = 5_000;
const SYNCS = "fsync,fdatasync";

/** What every fsync and fdatasync does from now on: it fails as on a failing disk, or takes its time as on a slow one. */
export type DiskFault = "error=EIO" | `delay_exit=${number}`;
/** A sync that takes five seconds. */
export const SLOW: DiskFault = "delay_exit=5000000";

/** Why no disk can be made to fail under a running process; null when one can. */
export function straceMissing(): string | null {
  const { error, status } = spawnSync("strace", ["-qq", "-e", "trace=none", "true"], { stdio: "ignore" });
  if (error !== undefined) return "strace is not installed";
  return status === 0 ? null : "ptrace is not permitted here";
}

/** The syncs of these processes, of all their threads and later children, as a bad disk would answer them. */
export class BadDisk {
  readonly #tracers: readonly ChildProcess[];

  private constructor(tracers: readonly ChildProcess[]) {
    this.#tracers = tracers;
  }

  /** Resolves when every thread that they have now is traced. */
  static async under(pids: readonly number[], fault: DiskFault): Promise<BadDisk> {
    const what = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${SYNCS}`, "-e", `inject=${SYNCS}:${fault}`];
    const tracers = pids.map((pid) =>
      spawn("setpriv", ["--pdeathsig", "KILL", "--", "strace", ...what, "-p", String(pid)], { stdio: "ignore" }),
    );
    const disk = new BadDisk(tracers);
    try {
      await eventually("strace is attached", ATTACH_LIMIT_MS, () => pids.every((pid) => isTraced(pid)));
    } catch (error) {
      await disk.mend();
      throw error;
    }
    return disk;
  }

  /** The disk is good again; what waits for it goes on. */
  async mend(): Promise<void> {
    await Promise.all(
      this.#tracers.map(async (tracer) => {
        if (tracer.exitCode !== null || tracer.signalCode !== null) return;
        const ended = once(tracer, "exit");
        // The kernel lets go of whom a killed tracer held, in the middle of a delay too.
        tracer.kill("SIGKILL");
        await ended;
      }),
    );
  }
}

function isTraced(pid: number): boolean {
  const threads = threadsOf(pid);
  return threads.every((thread) => tracerOf(pid, thread) !== 0);
}

/** None: it is gone; the fault may have ended it while its threads were still being attached to. */
function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Zero: nobody traces this thread; one that is gone meanwhile needs nobody. */
function tracerOf(pid: number, thread: string): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    return Number(/^TracerPid:\s+(\d+)/m.exec(status)?.[1] ?? "0");
  } catch {
    return null;
  }
}
