import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clockArgv } from "../../src/clock.ts";
import { demoClock } from "../../src/demo/clock.ts";
import type { Preset } from "../../ha/core/timing.ts";
import { runs } from "./demo-process.ts";
import type { NetPair } from "./net-pair.ts";

/** How a pair of the suite is made. With `reachability` the third machine is the gateway, with `manual` there is none. */
export type NetPairSetting = {
  readonly preset?: Preset;
  readonly arbiter?: "witness" | "reachability" | "manual";
  readonly more?: readonly string[];
  /** Orders go to an exchange on the gateway, with slots that pass as in the demo. */
  readonly exchange?: boolean;
  /** Called when the machines are there and nothing runs on them. */
  readonly prepare?: (pair: NetPair) => void;
};
export type NetArbiter = NonNullable<NetPairSetting["arbiter"]>;

/** The machines beside the two nodes. */
export const thirdOf = { witness: ["witness"], reachability: ["gateway"], manual: [] } as const;

const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** A command of `trader` as an argument vector. */
export const traderArgv = (command: string, ...args: readonly string[]): string[] => [
  process.execPath,
  traderMain,
  command,
  ...args,
];

const exchangeMain = fileURLToPath(new URL("../../src/exchange/main.ts", import.meta.url));
const EXCHANGE_PORT = 8100;

/** An exchange at this address, and what sends a node's orders there. */
export function exchangeAt(host: string, dataDir: string) {
  const clock = clockArgv(demoClock(7, Date.now()));
  const url = `http://${host}:${EXCHANGE_PORT}`;
  const served = ["--host", host, "--port", String(EXCHANGE_PORT), "--data", dataDir];
  return {
    start: [process.execPath, exchangeMain, ...served, ...clock],
    dataDir,
    url,
    runArgs: ["--exchange-url", url, ...clock],
    initArgs: ["--broker-key-id", "net-key", "--broker-secret", "net-secret"],
  };
}

/** Processes that run and name this folder in their command line. */
export const processesNaming = (dir: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => commandLine(each).includes(dir) && runs(each));

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** The last lines of a log, none too long. */
export const tail = (file: string, lines: number): string =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => line.slice(0, 400))
    .join("\n");
