import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { realTime } from "../../../src/clock.ts";
import { boardMethods } from "../../../src/led/router/board-message.ts";
import { FakeAgent } from "../app/fake-agent.ts";
import { FakeBoard } from "./router/fake-board.ts";
import { StandInRouter } from "./router/stand-in-router.ts";
import { type FakeTree, fakeTree, vendorNames } from "./sysfs/fake-tree.ts";

/** Longer than an app on a busy machine needs to start, and to find that the board is free again. */
const patience = { timeout: 20_000 };

let dir: string;
let tree: FakeTree;
let router: StandInRouter;
const stops: (() => unknown)[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "trader-leds-"));
  tree = fakeTree();
  router = new StandInRouter();
  await router.start();
  vi.stubEnv("TRADER_SYSFS_LEDS", tree.root);
  vi.stubEnv("ARDUINO_ROUTER_SOCKET", router.socketPath);
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
  await router.remove();
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

async function startApp(): Promise<FakeAgent> {
  const agent = new FakeAgent({ dataDir: join(dir, "uno-b"), name: "uno-b", clock: realTime });
  stops.push(() => agent.stop());
  await agent.hear("ready");
  return agent;
}
const triggers = (): readonly string[] => vendorNames.map((name) => tree.read(name, "trigger"));
const atBoot = ["none", "none", "none", "none", "phy0tx", "bluetooth-power"];
const taken = ["none", "none", "none", "none", "none", "none"];

test("after SIGTERM the triggers are as they were, and the app has ended by that signal", async () => {
  const app = await startApp();
  await expect.poll(triggers, patience).toEqual(taken);
  app.child.kill("SIGTERM");
  expect(await app.ended()).toBe("SIGTERM");
  expect(triggers()).toEqual(atBoot);
});

test("after SIGKILL they are as they were once the next run has ended", async () => {
  const killed = await startApp();
  await expect.poll(triggers, patience).toEqual(taken);
  await killed.stop();
  expect(triggers()).toEqual(taken);

  const next = await startApp();
  // It draws, so it has given back what the killed one took, and taken it again.
  const sketch = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  stops.push(() => sketch.stop());
  await sketch.came(1);
  next.child.kill("SIGTERM");
  await next.ended();
  expect(triggers()).toEqual(atBoot);
});

test("a standby's board says that it is one and how far behind, and a takeover is unmistakable at once", async () => {
  const sketch = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  stops.push(() => sketch.stop());
  const app = await startApp();
  app.view({ node: "uno-b", primaryApp: "10.0.0.1:8000" });
  const last = (): unknown => sketch.shown.at(-1)?.params.slice(2);
  const blue = 0x0000ff;
  await expect.poll(last, patience).toEqual(["STANDBY · uno-a leads", 50, expect.any(Number), 0, blue, 0]);

  app.view({ node: "uno-b", primaryApp: "10.0.0.1:8000", lagTxids: 7 });
  await expect.poll(last, patience).toContain("STANDBY · uno-a leads · 7 BEHIND");
  app.view({ node: "uno-b", primaryApp: "10.0.0.1:8000", lagTxids: 0 });
  await expect.poll(last, patience).toContain("STANDBY · uno-a leads · UP TO DATE");

  app.promote(4, join(dir, "uno-b", "ledger", "ledger.db"), 5_000);
  await app.hear("opened");
  const magenta = 0xff00ff;
  // Without a broker its first look at the portfolio fails soon, so the look and LED 3 may be those of an error by now.
  const takeover = [expect.stringMatching(/^uno-b TOOK OVER FROM uno-a/i), 50, expect.any(Number)];
  await expect.poll(last, patience).toEqual([...takeover, expect.any(Number), expect.any(Number), magenta]);
});
