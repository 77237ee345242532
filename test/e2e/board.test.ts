import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { boardMethods } from "../../src/led/router/board-message.ts";
import { FakeBoard } from "../src/led/router/fake-board.ts";
import { StandInRouter } from "../src/led/router/stand-in-router.ts";
import { type FakeTree, fakeTree, vendorNames } from "../src/led/sysfs/fake-tree.ts";
import { eventually } from "./demo-process.ts";
import { LoneNode } from "./lone-node.ts";
import { killQuietly } from "./pair.ts";

const LIMIT_MS = 30_000;
const TEST_LIMIT_MS = 90_000;
const errorLook = 2;
const atBoot = ["none", "none", "none", "none", "phy0tx", "bluetooth-power"];
const taken = ["none", "none", "none", "none", "none", "none"];

let node: LoneNode;
let router: StandInRouter;
let tree: FakeTree;
let sketch: FakeBoard;

beforeAll(async () => {
  router = new StandInRouter();
  await router.start();
});
beforeEach(async () => {
  tree = fakeTree();
  const env = { TRADER_SYSFS_LEDS: tree.root, ARDUINO_ROUTER_SOCKET: router.socketPath };
  node = await LoneNode.found(env);
  sketch = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  await node.run();
  await eventually("the app has the board", LIMIT_MS, () => triggers().join() === taken.join());
}, TEST_LIMIT_MS);
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") console.log(node.log());
  sketch.stop();
  await node.remove();
});
afterAll(() => router.remove());

const triggers = (): readonly string[] => vendorNames.map((name) => tree.read(name, "trigger"));
const shown = (): { text: unknown; look: unknown } => {
  const [, , text, , , look] = sketch.shown.at(-1)?.params ?? [];
  return { text, look };
};

test(
  "an app that is killed again and again leaves a known picture, and draws again when it lives",
  async () => {
    let killed = 0;
    const dies = eventually("the board says so", LIMIT_MS, async () => {
      const pid = await node.appPid();
      if (pid !== null && killed < 40) {
        killQuietly(pid);
        killed += 1;
      }
      // Between two kills the app may live long enough to show an error of its own.
      return shown().look === errorLook && String(shown().text).startsWith("UNO-A: THE APP ");
    });
    await dies;
    await eventually("the app draws again", LIMIT_MS, () => !String(shown().text).includes("THE APP"));
  },
  TEST_LIMIT_MS,
);

test(
  "after the agent's SIGTERM LED 1 and 2 are as they were; after its SIGKILL, once the next run has ended",
  async () => {
    await node.end("SIGTERM");
    expect(triggers()).toEqual(atBoot);

    await node.run();
    await eventually("the app has the board", LIMIT_MS, () => triggers().join() === taken.join());
    await node.end("SIGKILL");
    expect(triggers()).toEqual(taken);

    await node.run();
    await node.end("SIGTERM");
    expect(triggers()).toEqual(atBoot);
  },
  TEST_LIMIT_MS,
);
