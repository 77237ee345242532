import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FaultScript } from "../../../src/exchange/faults.ts";
import { FakeAgent, startExchange } from "./fake-agent.ts";

const TEST_LIMIT_MS = 120_000;
const SAID_LIMIT_MS = 40_000;
const TIMES = 1_000;

let dir: string;
let app: FakeAgent;
let exchange: Awaited<ReturnType<typeof startExchange>>;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "trader-faults-"));
  // A slot of 15 minutes every three seconds.
  const clock = { originRealMs: Date.now(), originAppMs: Date.UTC(2026, 10, 22, 14, 11), scale: 300 };
  exchange = await startExchange(join(dir, "exchange"), clock, ["--control"]);
  app = new FakeAgent({ dataDir: join(dir, "uno-a"), name: "uno-a", clock, exchangeUrl: exchange.url });
  await app.hear("ready");
});
afterEach(async () => {
  await app.stop();
  await exchange.stop();
  rmSync(dir, { recursive: true });
});

async function disturb(script: FaultScript): Promise<void> {
  const answer = await fetch(`${exchange.url}/control/faults`, { method: "POST", body: JSON.stringify(script) });
  expect(answer.status).toBe(200);
}

/** The newest notes for the agent, which are those of its /health. */
const notes = (): string =>
  app.heard
    .filter((message) => message.kind === "notes")
    .at(-1)
    ?.notes.join("\n") ?? "";

/** What the agent is told and what the page shows. */
async function said(what: RegExp): Promise<void> {
  await expect.poll(notes, { timeout: SAID_LIMIT_MS }).toMatch(what);
  await expect.poll(async () => (await app.get("/")).text(), { timeout: SAID_LIMIT_MS }).toMatch(what);
}

test(
  "an exchange that fails, throttles, is silent or dead is told to the agent and on the page, an unknown order as such",
  async () => {
    await disturb([{ fault: "status", on: "place", times: TIMES, done: false, status: 503 }]);
    app.promote(1, join(dir, "uno-a", "ledger", "ledger.db"), 2_000);
    await app.hear("opened");
    app.view({ role: "primary", epoch: 1 });
    await said(/Order t-20261122T\d{4}Z-1 \((buy|sell) \w+\) is unknown: it blocks/);

    await disturb([{ fault: "status", on: "clock", times: TIMES, done: false, status: 429 }]);
    await said(/Trading is locked: whether the market is open is not known/);
    await disturb([]);
    await expect.poll(notes, { timeout: SAID_LIMIT_MS }).not.toContain("is not known");

    await disturb([{ fault: "silent", on: "list", times: TIMES, done: false }]);
    await said(/Trading is locked: the newest cycle has failed: /);
    await disturb([]);
    await expect.poll(notes, { timeout: SAID_LIMIT_MS }).not.toContain("has failed");

    await exchange.stop();
    await said(/Trading is locked: the newest cycle has failed: the broker did not tell the account/);
    expect([app.child.exitCode, app.child.signalCode]).toEqual([null, null]);
  },
  TEST_LIMIT_MS,
);
