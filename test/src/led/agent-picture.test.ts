import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import { AgentPicture } from "../../../src/led/agent-picture.ts";
import { BoardClaim } from "../../../src/led/board-claim.ts";
import { outputTimes } from "../../../src/led/led-output.ts";
import { boardMethods } from "../../../src/led/router/board-message.ts";
import { FakeBoard } from "./router/fake-board.ts";
import { StandInRouter } from "./router/stand-in-router.ts";
import { SysfsLamps } from "../../../src/led/sysfs/sysfs-lamps.ts";
import { type FakeTree, fakeTree } from "./sysfs/fake-tree.ts";

let router: StandInRouter;
let tree: FakeTree;
let picture: AgentPicture;
let sketch: FakeBoard;

async function begin(patienceMs: number): Promise<void> {
  const claimName = `\0trader-agent-test-${process.pid}-${Math.random()}`;
  picture = new AgentPicture({
    node: "uno-a",
    settings: {
      enabled: true,
      routerSocket: router.socketPath,
      sysfsRoot: tree.root,
      light: { brightness: 150, quiet: null },
    },
    dataDir: tree.dir,
    log: pino({ level: "silent" }),
    patienceMs,
    claim: () => new BoardClaim(claimName),
    times: { ...outputTimes, gapMs: 5, restMs: 5, lookMs: 20 },
  });
  sketch = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
}
beforeEach(async () => {
  tree = fakeTree();
  router = new StandInRouter();
  await router.start();
});
afterEach(async () => {
  picture.stop();
  sketch.stop();
  await router.remove();
});
const trigger = (): string => tree.read("green:wlan", "trigger");

test("an app that is dead is said on the board, in red, until the next one draws", async () => {
  await begin(10);
  picture.appGone("failed", "app dead");
  const [shown] = await sketch.came(1);
  const error = 2;
  expect(shown?.params.slice(2)).toEqual(["UNO-A: APP DEAD", 50, expect.any(Number), error, 0xff0000, 0]);
  expect(trigger()).toBe("none");
  picture.appGone("failed", "fenced");
  expect((await sketch.came(2)).at(-1)?.params[2]).toBe("UNO-A: FENCED");
  picture.appReady();
  expect(trigger()).toBe("phy0tx");
});

test("an ordinary restart is not shown", async () => {
  await begin(60);
  picture.appGone("failed", "app dead");
  picture.appReady();
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(sketch.shown).toHaveLength(0);
});

test("an app that dies again soon after it came back is shown at once", async () => {
  await begin(60_000);
  picture.appGone("failed", "app dead");
  picture.appReady();
  picture.appGone("failed", "app dead again");
  expect((await sketch.came(1))[0]?.params[2]).toBe("UNO-A: APP DEAD AGAIN");
});

test("at the end, LEDs that a killed app held are given back too", async () => {
  await begin(60_000);
  const killed = SysfsLamps.take(tree.root, tree.savedFile);
  expect([killed.kind, trigger()]).toEqual(["taken", "none"]);
  picture.stop();
  expect(trigger()).toBe("phy0tx");
});

test("a node that gives the lead away twice in a row shows no fault", async () => {
  await begin(60_000);
  for (let n = 0; n < 2; n++) {
    picture.appGone("replaced", "app started afresh");
    picture.appReady();
  }
  picture.appGone("failed", "app dead");
  picture.appGone("replaced", "app started afresh");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sketch.shown).toHaveLength(0);
});
