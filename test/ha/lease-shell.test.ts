import pino from "pino";
import { expect, test } from "vitest";
import { createMember } from "../../ha/core/member.ts";
import type { VoterRecord } from "../../ha/core/messages.ts";
import { presets } from "../../ha/core/timing.ts";
import { LeaseShell } from "../../ha/lease-shell.ts";

function setUp() {
  const said: string[] = [];
  const writes: { record: VoterRecord; done: () => void; fail: (error: Error) => void }[] = [];
  const member = createMember({
    name: "uno-a",
    boot: "boot",
    nonce: "nonce",
    timing: presets.fast,
    record: {
      epoch: 0,
      holder: "uno-a",
      released: false,
      sync: { inSync: ["uno-a"], paused: false, setEpoch: 0, setVersion: 0 },
    },
    arbiterKind: "standalone",
    peer: null,
    arbiter: null,
    nowMs: 0,
  });
  let nowMs = 0;
  const shell = new LeaseShell(member, {
    nowMs: () => nowMs,
    persist: (record) => new Promise((done, fail) => writes.push({ record, done, fail })),
    send: (message) => said.push(`send ${message.kind}`),
    act: (action) => said.push(`act ${action.kind}`),
    failed: (error) => said.push(`failed ${String(error)}`),
    log: pino({ level: "silent" }),
  });
  const tick = (atMs: number): void => {
    nowMs = atMs;
    shell.feed({ kind: "tick" });
  };
  shell.feed({ kind: "status", position: { epoch: 0, txid: 0 }, fit: true });
  return { shell, said, writes, tick };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("[HA-2] nothing is done before the vote that allows it is durable", async () => {
  const { said, writes, tick } = setUp();
  tick(10);
  await settled();
  expect(writes).toHaveLength(1);
  expect(said).toEqual([]);
  writes[0]?.done();
  await settled();
  expect(said).toContain("act promote");
});

test("what comes after a slow vote keeps its place behind it", async () => {
  const { said, writes, tick } = setUp();
  tick(10);
  for (let atMs = 120; atMs < 600; atMs += 110) tick(atMs);
  await settled();
  expect(said).toEqual([]);
  for (const write of writes) write.done();
  await settled();
  expect(said[0]).toBe("act promote");
});

test("a vote that cannot be made durable silences the node", async () => {
  const { said, writes, tick } = setUp();
  tick(10);
  await settled();
  writes[0]?.fail(new Error("EIO"));
  await settled();
  tick(200);
  await settled();
  expect(said).toEqual(["failed Error: EIO"]);
});

test("it says how long ago it came to lead", async () => {
  const { shell, writes, tick } = setUp();
  tick(10);
  await settled();
  writes[0]?.done();
  await settled();
  tick(60);
  tick(110);
  expect(shell.member.phase.kind).toBe("primary");
  expect(shell.agoMs()).toEqual({ primary: 100 });
});
