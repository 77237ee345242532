import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { ReadyNode } from "./demo-process.ts";
import type { Pair } from "./pair.ts";

/** Why no node can be starved here; null when one can. */
export function starveMissing(): string | null {
  if (process.getuid?.() !== 0) return "taking a process's processor away for good needs root";
  return spawnSync("taskset", ["-c", "0", "true"]).status === 0 ? null : "taskset (util-linux) does not work here";
}

/** All processes of a node share one core with `hogs` busy loops, each as important as they, until `end`. */
export class Starvation {
  readonly #pids: readonly number[];
  readonly #hogs: readonly ChildProcess[];

  private constructor(pids: readonly number[], hogs: readonly ChildProcess[]) {
    this.#pids = pids;
    this.#hogs = hogs;
  }

  static async of(pair: Pair, node: ReadyNode, hogs: number): Promise<Starvation> {
    const pids = Object.values((await pair.health(node)).pids).filter((pid) => pid !== null);
    for (const pid of pids) pinned(pid, "0");
    const busy = ["--pdeathsig", "KILL", "--", "taskset", "-c", "0", "sh", "-c", "while :; do :; done"];
    return new Starvation(
      pids,
      Array.from({ length: hogs }, () => spawn("setpriv", busy, { stdio: "ignore" })),
    );
  }

  /** From now on every hog gets some seventy times as much as any thread of the node. */
  unfair(): void {
    for (const pid of this.#pids) reniced(pid, 19);
  }

  end(): void {
    for (const hog of this.#hogs) hog.kill("SIGKILL");
    for (const pid of this.#pids) {
      reniced(pid, 0);
      pinned(pid, "0-1023");
    }
  }
}

const pinned = (pid: number, cores: string): unknown => spawnSync("taskset", ["-a", "-c", "-p", cores, String(pid)]);

/** All threads: the kernel keeps an importance for each. A process that ended meanwhile needs none. */
function reniced(pid: number, nice: number): void {
  try {
    spawnSync("renice", ["-n", String(nice), "-p", ...readdirSync(`/proc/${pid}/task`)]);
  } catch {
    // It has ended.
  }
}
