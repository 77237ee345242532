import { pino } from "pino";
import { expect, test } from "vitest";
import { serviceManager, signEveryMs, withoutManager } from "../../../ha/io/service-manager.ts";
import { NotifySocket, notifyMissing } from "../../support/notify-socket.ts";

test.each([
  [{}, null],
  [{ WATCHDOG_USEC: "30000000" }, 10_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 10_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" }, null],
  [{ WATCHDOG_USEC: "600000" }, 1_000],
  [{ WATCHDOG_USEC: "soon" }, null],
  [{ WATCHDOG_USEC: "0" }, null],
])("%j: a sign of life of process 7 every %s ms", (env, ms) => expect(signEveryMs(env, 7)).toBe(ms));

test.skipIf(notifyMissing.length > 0)(
  "a real socket hears that it works, that it lives, that it leaves; children hear of no socket (needs systemd, python3)",
  async () => {
    const socket = await NotifySocket.open();
    try {
      const env = { PATH: process.env["PATH"], NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: "900000" };
      const manager = serviceManager(env, pino({ level: "silent" }));
      expect(Object.keys(withoutManager(env))).toEqual(["PATH"]);
      manager.ready();
      expect(await socket.next()).toBe("READY=1");
      expect(await socket.next()).toBe("WATCHDOG=1");
      expect(await socket.next()).toBe("WATCHDOG=1");
      manager.stopping();
      expect(await socket.next()).toBe("STOPPING=1");
    } finally {
      await socket.close();
    }
  },
);
