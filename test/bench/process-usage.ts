import { readFileSync } from "node:fs";

/** What the kernel says of living processes. Memory in MB (10^6 bytes), times in milliseconds. */

const KB_PER_MB = 1_000_000 / 1_024;
/** Linux counts processor time in hundredths of a second, on every machine that we run on. */
const MS_PER_TICK = 10;

/** Proportional set size: what is shared with other processes is divided among them. */
export const pssMb = (pid: number): number => field(rollup(pid), "Pss") / KB_PER_MB;

/** What these processes would take if no other used their files: each page of a file counts whole, and once. */
export function aloneMb(pids: readonly number[]): number {
  const files = new Map<string, number>();
  let ownKb = 0;
  for (const pid of pids) {
    ownKb += field(rollup(pid), "Pss_Anon") + field(rollup(pid), "Pss_Shmem");
    for (const [file, kb] of mappedFiles(pid)) files.set(file, Math.max(files.get(file) ?? 0, kb));
  }
  return (ownKb + [...files.values()].reduce((sum, kb) => sum + kb, 0)) / KB_PER_MB;
}

/** Processor time in user and system mode since the process started. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * MS_PER_TICK;
}

/** Bytes that the process has dirtied in files since it started. */
export const writtenBytes = (pid: number): number =>
  Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? Number.NaN);

const rollup = (pid: number): string => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");

const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? Number.NaN);

/** Resident kilobytes of each file in a process's map. */
function mappedFiles(pid: number): Map<string, number> {
  const files = new Map<string, number>();
  let file = "";
  for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping !== null) file = mapping[1]?.startsWith("/") ? (mapping[1] ?? "") : "";
    const shared = /^(Rss|Anonymous): +(\d+) kB$/.exec(line);
    if (file === "" || shared === null) continue;
    // Pages that were written to are the process's own, and counted as such.
    const kb = shared[1] === "Rss" ? Number(shared[2]) : -Number(shared[2]);
    files.set(file, (files.get(file) ?? 0) + kb);
  }
  return files;
}
