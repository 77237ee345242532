import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NotifySocket, notifyMissing } from "../support/notify-socket.ts";
import { eventually } from "./demo-process.ts";
import { LoneNode } from "./lone-node.ts";

/** What systemd does to a unit's processes, done to a real node by hand: no systemd runs where tests run. */
describe.skipIf(notifyMissing.length > 0)("a node as a service (skipped without systemd-notify, python3)", () => {
  let socket: NotifySocket;
  let node: LoneNode;
  beforeEach(async () => {
    socket = await NotifySocket.open();
    node = await LoneNode.found({ NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: "3000000" });
  });
  afterEach(async () => {
    await node.remove();
    await socket.close();
  });

  const heard = async (word: string): Promise<void> => {
    for (let said = await socket.next(); said !== word; said = await socket.next())
      if (said === null) throw new Error(`ended before ${word}`);
  };

  test("KillMode=mixed: SIGTERM to the main process alone ends everything, in time; it says what it does", async () => {
    await node.run();
    expect(await socket.next()).toBe("READY=1");
    await heard("WATCHDOG=1");
    const own = new RegExp(`${socket.path}|WATCHDOG`);
    expect(readFileSync(`/proc/${await node.appPid()}/environ`, "utf8")).not.toMatch(own);
    const from = performance.now();
    await node.end("SIGTERM");
    expect(performance.now() - from).toBeLessThan(30_000);
    await heard("STOPPING=1");
  });

  test("OOMPolicy=continue: the app is killed as the kernel does it; the main process goes on, with another app", async () => {
    await node.run();
    await heard("READY=1");
    const app = await node.appPid();
    if (app === null) throw new Error("no app");
    process.kill(app, "SIGKILL");
    await eventually("another app", 30_000, async () => ![app, null].includes(await node.appPid()));
    await heard("WATCHDOG=1");
  });

  test("WatchdogSec, StartLimitIntervalSec=0: one that stands still is silent; killed six times in a row, it works again each time", async () => {
    await node.run();
    await heard("READY=1");
    node.pause();
    // What was under way when it stopped; then silence for longer than systemd would wait.
    expect(await socket.silentFor(4_000)).toBe(true);
    for (let deaths = 1; deaths <= 6; deaths += 1) {
      await node.end("SIGKILL");
      await node.run();
      await heard("READY=1");
    }
    await heard("WATCHDOG=1");
  });
});
