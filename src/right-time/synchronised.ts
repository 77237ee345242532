import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const LIMIT_MS = 2_000;

/**
 * What the machine's time service says of the clock, without a bus: systemd-timesyncd's own mark, or chrony's answer.
 * null: neither runs here.
 */
export async function synchronised(runFolder = "/run"): Promise<boolean | null> {
  const timesync = join(runFolder, "systemd/timesync");
  if (existsSync(timesync)) return existsSync(join(timesync, "synchronized"));
  const leap = /^Leap status\s*:\s*(.+)$/m.exec(await chrony())?.[1];
  return leap === undefined ? null : leap.trim() !== "Not synchronised";
}

const chrony = (): Promise<string> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], LC_ALL: "C" };
    execFile("chronyc", ["-n", "tracking"], { timeout: LIMIT_MS, env }, (error, stdout) =>
      resolve(error ? "" : stdout),
    );
  });
