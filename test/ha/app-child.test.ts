import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppChild } from "../../ha/app-child.ts";

let folder: string;
const endings: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "app-child-"));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const ending of endings.splice(0).toReversed()) await ending();
});

/** An app that is ready at once, beats, and opens what it is given; LEAK_MB is what it holds for nothing. */
const program = `
globalThis.leak = Buffer.alloc(Number(process.env.LEAK_MB ?? 0) * 1024 * 1024, 1);
process.send({ kind: "ready", port: 1 });
process.on("message", ({ kind, epoch }) => { if (kind === "promote") process.send({ kind: "opened", epoch }); });
setInterval(() => process.send({ kind: "alive" }), 100);
`;

function started(runDir = folder, leakMb = 0) {
  const file = join(folder, "app.cjs");
  writeFileSync(file, program);
  let heard: (() => void) | null = null;
  const events: string[] = [];
  const say = (what: string) => (detail?: string | number) => {
    events.push(detail === undefined ? what : `${what} ${detail}`);
    heard?.();
  };
  const app = new AppChild({
    command: [process.execPath, file],
    env: { LEAK_MB: String(leakMb) },
    runDir,
    log: pino({ level: "silent" }),
    leaseMs: 100,
    memoryLimitMb: 200,
    events: {
      gone: (how, reason) => say(`gone, ${how}:`)(reason),
      ready: say("ready"),
      opened: say("opened"),
      confirmRequest: say("confirm"),
      cannotRun: say("cannot run"),
      failed: (how, reason) => say(`failed, ${how}`)(reason),
    },
  });
  endings.push(() => app.stop());
  app.start();
  const until = async (pattern: RegExp, from = 0): Promise<string> => {
    for (;;) {
      const found = events.slice(from).find((event) => pattern.test(event));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (heard = resolve));
    }
  };
  return { app, events, until };
}

test("a promoted app that stands still is killed, said to have hung, and another one is started", async () => {
  const { app, events, until } = started();
  await until(/^ready/);
  app.send({ kind: "promote", epoch: 3, ledger: "/l", validUntilNs: "1" });
  await until(/^opened 3/);
  const stopped = app.pid ?? 0;
  process.kill(stopped, "SIGSTOP");
  expect(await until(/^failed/)).toMatch(/^failed, hung the app said nothing for \d+ ms$/);
  expect(app.trouble).toMatch(/said nothing for \d+ ms; it is started again/);
  await until(/^ready/, events.length);
  expect(app.pid).not.toBe(stopped);
  expect(app.openEpoch).toBeNull();
});

test("an app that ends by itself is said to have ended; one that is killed on purpose is not", async () => {
  const { app, events, until } = started();
  await until(/^ready/);
  process.kill(app.pid ?? 0, "SIGKILL");
  expect(await until(/^failed/)).toBe("failed, ended the app ended by SIGKILL");
  expect(events.at(-2)).toBe("gone, failed: the app ended by SIGKILL");
  await until(/^ready/, events.length);
  const before = events.length;
  await app.kill();
  await until(/^ready/, before);
  expect(events.slice(before)).toEqual(["gone, replaced: the app is started afresh", "ready"]);
});

test("an app that leaks is killed and started again, before the kernel must choose whom it kills", async () => {
  const { app, events, until } = started(folder, 250);
  expect(await until(/^failed/)).toMatch(/^failed, ended the app had grown to (2[5-9]|3\d)\d MB$/);
  expect(app.trouble).toMatch(/^the app had grown to \d+ MB; it is started again$/);
  await until(/^ready/, events.indexOf("ready") + 1);
});

test("an app that answers nothing is not asked without end", async () => {
  const { app, until } = started();
  await until(/^ready/);
  const asked = Array.from({ length: 32 }, () => app.ask({}, 600_000));
  expect(await app.ask({}, 600_000)).toBeNull();
  await app.kill();
  expect(await Promise.all(asked)).toEqual(asked.map(() => null));
});

test("an app that cannot be started stops nothing: it is said, and tried again", () => {
  const file = join(folder, "no-folder");
  writeFileSync(file, "");
  const { app } = started(file);
  expect(app.pid).toBeNull();
  expect(app.trouble).toMatch(/^the app cannot be started: cannot record app in /);
});
