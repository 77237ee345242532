import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../../ha/io/run-command.ts";
import type { Facts } from "./facts.ts";

const limitMs = 2_000;
const ownFiles = ["node.json", "roster.json", "secrets.json", "history.jsonl", "pki/node.crt", "ledger/ledger.db"];

/** Asks systemd, then chrony, then systemd-timesyncd's own mark; a machine that has none of them says nothing. */
export async function probeClock(dataDir: string): Promise<Facts["clock"]> {
  const newestFileMs = Math.max(0, ...ownFiles.map((file) => writtenMs(join(dataDir, file))));
  const timedatectl = await said("timedatectl", ["show", "--property=NTPSynchronized", "--value"]);
  if (/^(yes|no)$/.test(timedatectl)) return { synchronised: timedatectl === "yes", by: "timedatectl", newestFileMs };
  const leap = /^Leap status\s*:\s*(.+)$/m.exec(await said("chronyc", ["-n", "tracking"]))?.[1];
  if (leap !== undefined) return { synchronised: leap !== "Not synchronised", by: "chrony", newestFileMs };
  if (existsSync("/run/systemd/timesync/synchronized"))
    return { synchronised: true, by: "systemd-timesyncd", newestFileMs };
  return { synchronised: null, by: "no timedatectl, chronyc or systemd-timesyncd answers", newestFileMs };
}

async function said(command: string, args: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"], LC_ALL: "C" };
  const ended = await runCommand({ command, args, env, limitMs }).catch(() => null);
  return ended?.code === 0 ? ended.stdout.trim() : "";
}

function writtenMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
