import { readFileSync } from "node:fs";

const CHECK_MS = 100;

/** Calls `onGone` once when the process with this id is gone, a zombie, or another one under the same id. */
export function watchLifeline(pid: number, onGone: () => void): () => void {
  const born = startTime(pid);
  const timer = setInterval(() => {
    if (born !== null && startTime(pid) === born) return;
    clearInterval(timer);
    onGone();
  }, CHECK_MS);
  return () => clearInterval(timer);
}

// Field 3 of /proc/PID/stat is the state, field 22 the start time; the command name before them may hold spaces.
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
