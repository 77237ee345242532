import { pino } from "pino";
import { spawnChild } from "../../../ha/io/child.ts";

/** A parent for tests: holds one child that sleeps, prints its pid, and never ends by itself. */
const runDir = process.argv[2];
if (runDir === undefined) throw new Error("usage: holder-fixture.ts RUN_DIR");
const child = spawnChild({
  name: "held",
  command: "sleep",
  args: ["600"],
  env: process.env,
  ipc: false,
  runDir,
  log: pino({ level: "silent" }),
});
process.stdout.write(`${child.pid}\n`);
setInterval(() => {}, 60_000);
