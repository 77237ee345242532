import type { Logger } from "pino";
import { lastLine, runCommand } from "./run-command.ts";

const NOTIFY_LIMIT_MS = 10_000;
/** Between two signs of life where the manager wants none. */
const LEAST_EVERY_MS = 1_000;

export type ServiceManager = {
  /** It works; from here on a sign of life is given as long as the loop turns. */
  ready(): void;
  /** It leaves, in its own time. */
  stopping(): void;
};

/** How often a sign of life is due, milliseconds: thrice within systemd's patience; null: none is wanted from `pid`. */
export function signEveryMs(env: NodeJS.ProcessEnv, pid: number): number | null {
  const { WATCHDOG_USEC: patience, WATCHDOG_PID: whose } = env;
  if (whose !== undefined && whose !== String(pid)) return null;
  const patienceMs = Number(patience) / 1_000;
  return Number.isFinite(patienceMs) && patienceMs > 0 ? Math.max(LEAST_EVERY_MS, patienceMs / 3) : null;
}

/** An environment for a child that is not to speak in this process's name. */
export function withoutManager(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _socket, WATCHDOG_USEC: _patience, WATCHDOG_PID: _whose, ...rest } = env;
  return rest;
}

/**
 * What started this process, if it is systemd (`Type=notify`, `WatchdogSec=`); otherwise nothing is said. Node has no
 * datagrams on Unix sockets: `systemd-notify` carries each word, one at a time, so `NotifyAccess=all` is needed.
 */
export function serviceManager(env: NodeJS.ProcessEnv, log: Logger): ServiceManager {
  const { NOTIFY_SOCKET: socket, PATH } = env;
  const everyMs = signEveryMs(env, process.pid);
  if (socket === undefined) return { ready: () => undefined, stopping: () => undefined };
  let busy = false;
  const say = async (...words: string[]): Promise<void> => {
    busy = true;
    const command = { command: "systemd-notify", args: words, env: { PATH, NOTIFY_SOCKET: socket } };
    const ended = await runCommand({ ...command, limitMs: NOTIFY_LIMIT_MS }).catch((error: unknown) => ({
      code: null,
      stderr: String(error),
    }));
    busy = false;
    if (ended.code !== 0) log.warn({ words, why: lastLine(ended.stderr) }, "the service manager could not be told");
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    ready: () => {
      void say("--ready");
      if (everyMs === null) return;
      timer = setInterval(() => {
        if (!busy) void say("WATCHDOG=1");
      }, everyMs);
      timer.unref();
    },
    stopping: () => {
      clearInterval(timer);
      void say("STOPPING=1");
    },
  };
}
