import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Verifier } from "../../ha/verifier.ts";
import type { Verified } from "../../ha/verifier.ts";
import { freePort } from "../support/free-port.ts";
import { atWork, feed, member } from "./core/pair.ts";

let dataDir: string;
let port: number;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "trader-verifier-"));
  port = await freePort();
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const hourMs = 3_600_000;
const at = new Date(hourMs * 1_000).toISOString();
const damaged = { at, outcome: { kind: "damaged", epoch: 1, txid: 9, reason: "it is torn" }, tookMs: 5 } as const;

/** The standby of a pair at work, whose primary's receiver is not there; `ended` resolves at the next end. */
function verifier(epoch = 1, copyBytes: number | null = null) {
  const pair = atWork();
  const clock = { nowMs: pair.nowMs, wallMs: hourMs * 1_000 };
  let ended = Promise.withResolvers<Verified>();
  const made = new Verifier({
    node: "b",
    dataDir,
    binary: "/bin/false",
    everyMs: 24 * hourMs,
    nowMs: () => clock.nowMs,
    wallMs: () => clock.wallMs,
    member: () => member(pair, "b"),
    received: () => ({ epoch, txid: 7 }),
    copyBytes: async () => copyBytes,
    primary: () => ({ name: "a", id: "0".repeat(16), host: "127.0.0.1", port }),
    ended: (verified) => ended.resolve(verified),
    log: pino({ level: "silent" }),
  });
  const next = (): Promise<Verified> => {
    ended = Promise.withResolvers<Verified>();
    return ended.promise;
  };
  const pass = (ms: number): void => {
    // The others are heard all the while.
    Object.assign(clock, { nowMs: clock.nowMs + ms, wallMs: clock.wallMs + ms });
    for (const remote of Object.values(member(pair, "b").remotes)) Object.assign(remote, { lastHeardMs: clock.nowMs });
  };
  return { verifier: made, pair, next, pass };
}

test("it begins by itself when it is due, in a process of its own; one that came to nothing is repeated", async () => {
  const { verifier: made, next, pass } = verifier();
  made.review();
  expect(made.state).toEqual({ node: "b", step: null, ended: 0, last: null });
  const first = next();
  pass(hourMs);
  made.review();
  expect(made.state.step).toBe("digest");
  expect((await first).outcome).toEqual({ kind: "undone", reason: expect.stringMatching(/.+/) });
  expect([made.last, made.trouble]).toEqual([null, null]);
  made.review();
  expect(made.state).toMatchObject({ step: null, ended: 1 });
  pass(hourMs);
  made.review();
  expect(made.state.step).toBe("digest");
  made.stop();
});

test("a copy of another epoch is verified soon, however sound the one before was", () => {
  const sound = { at, outcome: { kind: "sound", epoch: 0, txid: 9, rows: 1, bytes: 1 }, tookMs: 5 } as const;
  const { verifier: made, pass } = verifier();
  made.load(sound);
  made.review();
  expect(made.state.step).toBeNull();
  pass(hourMs / 6);
  made.review();
  expect(made.state.step).toBe("digest");
  made.stop();

  const same = verifier();
  same.verifier.load({ ...sound, outcome: { ...sound.outcome, epoch: 1 } });
  same.verifier.review();
  same.pass(hourMs);
  same.verifier.review();
  expect(same.verifier.state.step).toBeNull();
});

test("without room for another copy it does not begin, and says so", async () => {
  const { verifier: made } = verifier(1, Number.MAX_SAFE_INTEGER);
  expect(await made.start()).toContain("MB");
  expect(made.state).toMatchObject({ step: null, ended: 1 });
});

test("a node that becomes something else gives it up at once", async () => {
  const { verifier: made, pair, next } = verifier();
  const ended = next();
  expect(await made.start()).toBeNull();
  feed(pair, "b", { kind: "force", acceptDataLoss: true });
  Object.assign(member(pair, "b"), { phase: { kind: "primary", epoch: 2, raiseTo: null } });
  made.review();
  expect((await ended).outcome).toEqual({ kind: "undone", reason: "this node became something else meanwhile" });
});

test("found damage is said with its remedy, whatever came to nothing since, until the copy is another one", async () => {
  const { verifier: made, next } = verifier();
  made.load(damaged);
  const ended = next();
  await made.start();
  expect((await ended).outcome.kind).toBe("undone");
  made.review();
  expect(made.trouble).toBe(
    "The copy of the ledger on b failed its verification at 1/9: it is torn. Replace it, on b: trader reinit b.",
  );
  expect(made.last).toMatchObject({ sound: false });
  const { verifier: later } = verifier(2);
  later.load(damaged);
  later.review();
  expect([later.trouble, later.last]).toEqual([null, null]);
});
