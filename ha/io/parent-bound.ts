/** What to give to `spawn`. */
export type CommandLine = { command: string; args: readonly string[] };

// The signal is armed by the child itself, so a parent that dies just before that is never noticed by it alone.
const STILL_OURS = '[ "$PPID" = "$1" ] || exit 143; shift; exec "$@"';

/**
 * A command line whose process the kernel kills when `parentPid`, which must be the spawning process, dies, at whatever
 * moment; it keeps its pid. A command that does not exist ends with code 127.
 */
export const parentBound = (
  command: string,
  args: readonly string[],
  parentPid: number = process.pid,
): CommandLine => ({
  command: "setpriv",
  args: ["--pdeathsig", "KILL", "--", "sh", "-c", STILL_OURS, "sh", String(parentPid), command, ...args],
});
