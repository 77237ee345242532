import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import { AppChild } from "../../ha/app-child.ts";
import { withRemote } from "../../ha/core/member.ts";
import { LeaseShell } from "../../ha/lease-shell.ts";
import { LedgerReader } from "../../ha/ledger-reader.ts";
import { LinkChild } from "../../ha/link-child.ts";
import { PrimaryDuty } from "../../ha/primary-duty.ts";
import { atWork, member } from "./core/pair.ts";

const log = pino({ level: "silent" });
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const ending of endings.splice(0).toReversed()) await ending();
});

const program = `
process.send({ kind: "ready", port: 1 });
process.on("message", ({ kind, epoch }) => { if (kind === "promote") process.send({ kind: "opened", epoch }); });
setInterval(() => process.send({ kind: "alive" }), 100);
`;

/** Node a leads epoch 1 with its ledger open; b is in the set and as fit as given. */
async function leading(fit: boolean) {
  const folder = mkdtempSync(join(tmpdir(), "primary-duty-"));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "app.cjs");
  writeFileSync(file, program);
  const pair = atWork();
  const startedMs = performance.now();
  const nowMs = (): number => pair.nowMs + performance.now() - startedMs;
  const a = withRemote(member(pair, "a"), "b", { fit, lastHeardMs: Number.MAX_SAFE_INTEGER });
  const shell = new LeaseShell(a, {
    nowMs,
    persist: () => Promise.resolve(),
    send: () => undefined,
    act: () => undefined,
    failed: () => undefined,
    log,
  });
  const steppedDown = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  const app = new AppChild({
    command: [process.execPath, file],
    env: {},
    runDir: folder,
    log,
    leaseMs: 1_000,
    events: {
      gone: () => {},
      ready: () => {
        duty.appReady();
        ready.resolve();
      },
      opened: () => shell.feed({ kind: "members", peer: "b", arbiter: "w" }),
      confirmRequest: () => undefined,
      cannotRun: () => undefined,
      failed: () => undefined,
    },
  });
  endings.push(() => app.stop());
  const events = {
    received: () => undefined,
    peer: () => undefined,
    joinRequest: () => undefined,
    roster: () => undefined,
    question: () => undefined,
    connector: () => undefined,
  };
  const link = new LinkChild({ dataDir: folder, env: {}, runDir: folder, log, leaseMs: 1_000, events });
  const duty: PrimaryDuty = new PrimaryDuty({
    shell,
    app,
    link,
    disk: {
      ledgerPath: join(folder, "ledger.db"),
      onDisk: () => ({ lineageEpoch: 1, received: null }),
      perform: () => Promise.resolve(),
      relabel: () => undefined,
    },
    reader: new LedgerReader({ runDir: folder, ledgerPath: join(folder, "ledger.db"), log }),
    nowMs,
    hrtimeNsAt: () => "1",
    peerReceiver: () => null,
    startReplicator: () => {
      throw new Error("nobody receives");
    },
    promoted: () => undefined,
    steppedDown: (_epoch, reason) => steppedDown.resolve(reason),
    confirmed: () => undefined,
    log,
  });
  endings.push(() => duty.stop());
  app.start();
  await ready.promise;
  await duty.promote(1, "failover", "b");
  expect(duty.ledgerOpen).toBe(true);
  const opened = app.pid;
  const phase = (): string => shell.member.phase.kind;
  return { duty, app, phase, opened, steppedDown: steppedDown.promise, nowMs };
}

test("[complaint 13] a primary that is unable gives the lease to a fit peer, its app dead, and says why", async () => {
  const { duty, app, phase, opened, steppedDown, nowMs } = await leading(true);
  duty.review("the disk is full");
  expect(await steppedDown).toBe("the disk is full");
  expect(phase()).toBe("releasing");
  expect(app.pid).not.toBe(opened);
  expect(duty.ledgerOpen).toBe(false);
  expect(duty.broken(nowMs())).toBe("the disk is full");
});

test("one that is unable where nobody is fit goes on, says both, and forgets it when it is well again", async () => {
  const { duty, app, phase, opened, nowMs } = await leading(false);
  duty.review("the disk is full");
  expect(duty.troubles(nowMs())).toEqual(["the disk is full; it goes on, because b is not fit to lead"]);
  expect([phase(), app.pid, duty.ledgerOpen]).toEqual(["primary", opened, true]);
  duty.review(null);
  expect(duty.troubles(nowMs())).toEqual([]);
});

test("an app that ends is started again in place twice; the third time within two minutes a fit peer leads", async () => {
  const { duty, phase, steppedDown } = await leading(true);
  duty.appFailed("ended", "the app ended by SIGKILL");
  duty.appFailed("ended", "the app ended by SIGKILL");
  expect(phase()).toBe("primary");
  duty.appFailed("ended", "the app ended by SIGKILL");
  expect(await steppedDown).toMatch(/^the app failed 3 times within two minutes, .* the app ended by SIGKILL$/);
  expect(phase()).toBe("releasing");
});
