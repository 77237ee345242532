#!/usr/bin/env node
// Runs a script on the project's own Node, whichever Node started this file.
// Plain JavaScript, because the machine's Node (20 or later) cannot read TypeScript.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants, homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Path of the project's own Node; throws with the remedy when the optional package is absent. */
export function ownNode() {
  const binary = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (existsSync(binary)) return binary;
  throw new Error(
    `the project's own Node is missing (${binary}). Run "npm ci" without --omit=optional on Linux x64 or arm64.`,
  );
}

/** What keeps every process of a node small: they live for months on boards of 2 GB, and make little garbage. */
const board = {
  flags: ["--max-semi-space-size=1", "--optimize-for-size"],
  // Node's threads would each get an arena of their own, and give little back.
  env: { MALLOC_ARENA_MAX: "2" },
};

/** `launch` as small as a board needs it; everything that is started from there inherits it. */
export function launchOnBoard(args) {
  launch([...board.flags, ...args], board.env);
}

/**
 * Hands over to the project's own Node with these arguments; ends with the same exit code or signal. When this process
 * is killed, the kernel kills the other one, where util-linux is installed.
 */
export function launch(args, env = {}) {
  let binary;
  try {
    binary = ownNode();
  } catch (error) {
    console.error(`trader: ${error.message}`);
    process.exit(1);
  }
  const cache = process.env.NODE_COMPILE_CACHE ?? join(cacheFolder(), "compiled");
  const command = hasSetpriv() ? ["setpriv", "--pdeathsig", "KILL", "--", binary] : [binary];
  const child = spawn(command[0], [...command.slice(1), ...args], {
    stdio: "inherit",
    env: { ...env, ...process.env, NODE_COMPILE_CACHE: cache },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`trader: could not start ${binary}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

// Code is run from there: never a folder that others may write to.
const cacheFolder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "arduino-trader");

const hasSetpriv = () => (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, "setpriv")));

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  const [first, ...rest] = process.argv.slice(2);
  if (first === "--on-board") launchOnBoard(rest);
  else launch(process.argv.slice(2));
}
