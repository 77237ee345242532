import { type ChildProcess, spawn } from "node:child_process";
import type { Logger } from "pino";
import { readLines } from "./lines.ts";
import { parentBound } from "./parent-bound.ts";
import { removePidFile, writePidFile } from "./pid-file.ts";
import { type ProcessIdentity, groupGone, identify, killGroup } from "./proc.ts";
import { withoutManager } from "./service-manager.ts";

/** How a child ended; one of the two is null. */
type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** `env` is the child's whole environment. `onLine` sees each line of both streams after the bounds. */
export type ChildOptions = {
  name: string;
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  ipc: boolean;
  runDir: string;
  log: Logger;
  onLine?: (line: string) => void;
  /** Level at which its lines are logged; "info" unless told. */
  lineLevel?: "debug" | "info";
};

/** A running child process in a process group of its own. */
export type Child = {
  readonly pid: number;
  /** Queues a message; false when the channel is closed or the child has stopped reading. */
  send(message: object): boolean;
  /** The one listener of this child's messages; those that came earlier are delivered first. Not validated. */
  onMessage(listener: (message: unknown) => void): void;
  /** Settles once, when the process itself has ended; never rejects. */
  readonly exited: Promise<Exit>;
  /** SIGKILL to the whole group; resolves when really gone, rejects if the kernel does not let go of it in 10 s. */
  kill(): Promise<void>;
  /** SIGTERM, after `limitMs` SIGKILL; resolves when the whole group is gone. */
  stop(limitMs: number): Promise<void>;
};

const GONE_LIMIT_MS = 10_000;
const UNSENT_MAX = 1000;
const EARLY_MAX = 1000;

function channel(spawned: ChildProcess, name: string, log: Logger): Pick<Child, "send" | "onMessage"> {
  const early: unknown[] = [];
  let listener: ((message: unknown) => void) | null = null;
  let unsent = 0;
  spawned.on("message", (message: unknown) => {
    if (listener !== null) listener(message);
    else if (early.length < EARLY_MAX) early.push(message);
    else log.warn({ child: name }, "message dropped: nobody listens");
  });
  return {
    send: (message) => {
      if (!spawned.connected || unsent >= UNSENT_MAX) return false;
      unsent += 1;
      spawned.send(message, (error) => {
        unsent -= 1;
        if (error !== null) log.debug({ child: name, err: error }, "message not sent");
      });
      return true;
    },
    onMessage: (next) => {
      listener = next;
      for (const message of early.splice(0)) next(message);
    },
  };
}

/**
 * Starts a child that the kernel kills when this process dies, and records it in `runDir` for the next start's
 * `killLeftovers`. Throws when it cannot be started; a command that does not exist ends with a code instead.
 */
export function spawnChild(options: ChildOptions): Child {
  const { name, log } = options;
  const bound = parentBound(options.command, options.args);
  const spawned = spawn(bound.command, bound.args, {
    env: withoutManager(options.env),
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(options.ipc ? (["ipc"] as const) : [])],
  });
  const exited = new Promise<Exit>((resolve) => {
    spawned.once("exit", (code, signal) => resolve({ code, signal }));
  });
  spawned.on("error", (error) => log.warn({ child: name, err: error }, "child process error"));
  const pid = spawned.pid;
  if (pid === undefined) throw new Error(`cannot start ${name}: is setpriv (util-linux) installed?`);

  const identity = identify(pid);
  // Not reaped before this turn of the loop ends, so it has an entry, dead or alive.
  if (identity === null) throw new Error(`cannot start ${name}: no /proc entry for ${pid}`);
  const pidFile = recordOrKill(options, identity);
  void exited.then((exit) => {
    log.info({ child: name, pid, ...exit }, "child ended");
    forget(pidFile, log);
  });
  for (const stream of ["stdout", "stderr"] as const) {
    const source = spawned[stream];
    if (source === null) continue;
    readLines(source, (line) => {
      log[options.lineLevel ?? "info"]({ child: name, pid, stream }, line);
      options.onLine?.(line);
    });
  }
  const kill = async (): Promise<void> => {
    killGroup(identity);
    await groupGone(identity, GONE_LIMIT_MS);
    await exited;
  };
  return {
    pid,
    exited,
    kill,
    stop: async (limitMs) => {
      if (spawned.exitCode === null && spawned.signalCode === null) spawned.kill("SIGTERM");
      await withinOrNothing(exited, limitMs);
      await kill();
    },
    ...channel(spawned, name, log),
  };
}

/** A child that cannot be recorded must not run: the next start would not find it. */
function recordOrKill(options: ChildOptions, identity: ProcessIdentity): string {
  try {
    return writePidFile(options.runDir, options.name, identity);
  } catch (error) {
    killGroup(identity);
    throw new Error(`cannot record ${options.name} in ${options.runDir}`, { cause: error });
  }
}

/** On a disk that takes no change the file stays; the next start sees that its process is gone. */
function forget(pidFile: string, log: Logger): void {
  try {
    removePidFile(pidFile);
  } catch (error) {
    log.warn({ err: error }, "a pid file could not be removed");
  }
}

async function withinOrNothing(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
