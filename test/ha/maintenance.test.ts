import pino from "pino";
import { expect, test } from "vitest";
import type { Name } from "../../ha/core/messages.ts";
import { LeaseShell } from "../../ha/lease-shell.ts";
import { setMaintenance } from "../../ha/maintenance.ts";
import { atWork, deliver, feed, isPrimary, member, pass, start, stop, timing } from "./core/pair.ts";
import type { Pair } from "./core/pair.ts";

/** The shell of a running member; what it sends reaches the others at once, and their answers reach it. */
function shellOf(pair: Pair, name: Name): LeaseShell {
  const shell: LeaseShell = new LeaseShell(member(pair, name), {
    nowMs: () => pair.nowMs,
    persist: () => Promise.resolve(),
    send: (sent) => {
      deliver(pair, sent);
      for (const { message } of pair.due.splice(0)) if (message.to === name) shell.feed({ kind: "message", message });
    },
    act: () => undefined,
    failed: (error) => expect.fail(String(error)),
    log: pino({ enabled: false }),
  });
  return shell;
}

test("maintenance is changed by the primary only; the other node says where", async () => {
  const pair = atWork();
  const shell = shellOf(pair, "b");
  expect(await setMaintenance(shell, true, { name: "a", host: "10.0.0.1" })).toMatchObject({
    outcome: "refused",
    message: expect.stringMatching(/a leads: run "trader maintenance on" there, at 10\.0\.0\.1$/),
  });
  expect(await setMaintenance(shell, true, null)).toMatchObject({ message: expect.stringMatching(/nobody leads now/) });
});

test("it is done when another voter has recorded it", async () => {
  const pair = atWork();
  const shell = shellOf(pair, "a");
  expect(await setMaintenance(shell, true, { name: "a", host: "10.0.0.1" })).toMatchObject({ outcome: "done" });
  expect(pair.disks["w"]?.sync.paused).toBe(true);
});

test("complaint 15, pause on one node only: every voter has it, and it outlives a failover by hand and restarts", () => {
  for (const kind of ["witness", "reachability", "manual"] as const) {
    const pair = atWork({}, kind);
    feed(pair, "a", { kind: "pause", on: true });
    pass(pair, 500);
    for (const disk of Object.values(pair.disks).slice(0, 2)) expect(disk?.sync.paused).toBe(true);
    stop(pair, "a");
    pass(pair, 3 * timing.leaseMs);
    expect(isPrimary(pair, "b")).toBe(false);
    stop(pair, "b");
    start(pair, "b");
    pass(pair, 2 * timing.leaseMs);
    feed(pair, "b", { kind: "force", acceptDataLoss: true });
    pass(pair, 500);
    expect(isPrimary(pair, "b")).toBe(true);
    start(pair, "a");
    pass(pair, timing.leaseMs);
    for (const name of ["a", "b"]) expect(pair.disks[name]?.sync.paused).toBe(true);
    feed(pair, "b", { kind: "pause", on: false });
    pass(pair, 500);
    for (const name of ["a", "b"]) expect(pair.disks[name]?.sync.paused).toBe(false);
  }
});
