import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { BoardClaim } from "../../../src/led/board-claim.ts";
import { appGoneDisplay } from "../../../src/led/agent-picture.ts";
import { LedOutput } from "../../../src/led/led-output.ts";

/** Runs the output of an idle node and prints which share of one core it used: `ROUTER_SOCKET SYSFS_ROOT MS`. */
const [routerSocket = "", sysfsRoot = "", measuredMs = "0"] = process.argv.slice(2);
const settledMs = 1_500;
const dataDir = mkdtempSync(join(tmpdir(), "trader-idle-"));
const display = { ...appGoneDisplay("uno-a", "idle"), mode: "normal" as const, ticker_text: "HI" };
const output = new LedOutput({
  draw: () => display,
  settings: { enabled: true, routerSocket, sysfsRoot, light: { brightness: 150, quiet: null } },
  dataDir,
  log: pino({ level: "silent" }),
  claim: new BoardClaim(`\0trader-idle-${process.pid}`),
});
void output.run();
await sleep(settledMs);
const before = process.cpuUsage();
const startedMs = performance.now();
await sleep(Number(measuredMs));
const { user, system } = process.cpuUsage(before);
const share = (user + system) / 1_000 / (performance.now() - startedMs);
output.stop();
rmSync(dataDir, { recursive: true });
process.stdout.write(`${JSON.stringify({ share })}\n`);
