import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterAll, expect, test } from "vitest";
import { record, sync } from "./core/pair.ts";
import { foundCluster, Scratch } from "./link/cluster.ts";
import { LinkChild } from "../../ha/link-child.ts";
import { freePort } from "../support/free-port.ts";

const scratch = new Scratch();
afterAll(() => scratch.end());

test("[HA-5] a promise does not wait for a link that stands still: it is killed, and the next one starts with the promise", async () => {
  const { dir } = await foundCluster(scratch, await freePort());
  const runDir = join(dir, "run");
  mkdirSync(runDir, { recursive: true });
  let connected = Promise.withResolvers<number>();
  const link = new LinkChild({
    dataDir: dir,
    env: { ...process.env, TRADER_LINK_USER: "u", TRADER_LINK_PASSWORD: "p" },
    runDir,
    log: pino({ level: "silent" }),
    leaseMs: 1_000,
    events: {
      received: () => undefined,
      peer: () => undefined,
      joinRequest: () => undefined,
      roster: () => undefined,
      question: () => undefined,
      connector: (port) => connected.resolve(port),
    },
  });
  scratch.atEnd(() => link.stop());
  link.start();
  await connected.promise;
  expect(link.trouble).toBeNull();
  const stopped = link.pid ?? 0;
  process.kill(stopped, "SIGSTOP");
  connected = Promise.withResolvers<number>();
  await link.fence(record(7, "node-b", sync(["node-b"], 7, 1)));
  expect(existsSync(`/proc/${stopped}`)).toBe(false);
  await connected.promise;
  expect(link.pid).not.toBe(stopped);
  expect(JSON.parse(readFileSync(join(dir, "replica", "fence.json"), "utf8"))).toEqual({ epoch: 7, holder: "node-b" });
});
