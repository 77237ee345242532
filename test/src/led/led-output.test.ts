import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import { BoardClaim } from "../../../src/led/board-claim.ts";
import { colours, type LedDisplay } from "../../../src/led/display.ts";
import { LedOutput, outputTimes, type OutputTimes } from "../../../src/led/led-output.ts";
import { boardMethods } from "../../../src/led/router/board-message.ts";
import { FakeBoard } from "./router/fake-board.ts";
import { StandInRouter } from "./router/stand-in-router.ts";
import { type FakeTree, fakeTree, vendorNames } from "./sysfs/fake-tree.ts";

const times: OutputTimes = {
  ...outputTimes,
  gapMs: 5,
  restMs: 5,
  lookMs: 20,
  blinkMs: 60_000,
  backoffMs: [20, 40, 80],
};
const display: LedDisplay = {
  mode: "normal",
  error_message: "",
  trade_is_buy: true,
  led3: colours.green,
  led4: colours.buy,
  ticker_text: "HI",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node: "uno-a", epoch: 1 },
};

let router: StandInRouter;
let claims = 0;
const ends: (() => void)[] = [];
beforeEach(() => {
  router = new StandInRouter();
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await router.remove();
});
const claimName = (): string => `\0trader-test-${process.pid}-${claims++}`;

type Given = { draw?: () => LedDisplay; tree?: FakeTree; claim?: string; times?: Partial<OutputTimes>; on?: boolean };

function start({ draw = () => display, tree = fakeTree(), claim = claimName(), times: given, on = true }: Given = {}) {
  const lines: string[] = [];
  const output = new LedOutput({
    draw,
    dataDir: tree.dir,
    log: pino({}, { write: (line: string) => void lines.push(line) }),
    settings: {
      enabled: on,
      routerSocket: router.socketPath,
      sysfsRoot: tree.root,
      light: { brightness: 150, quiet: null },
    },
    claim: new BoardClaim(claim),
    times: { ...times, ...given },
  });
  ends.push(() => output.stop());
  return { output, tree, lines, done: output.run() };
}
async function board(): Promise<FakeBoard> {
  const made = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  ends.push(() => made.stop());
  return made;
}
const lit = (tree: FakeTree): string => vendorNames.map((name) => tree.read(name, "brightness")).join("");
const trigger = (tree: FakeTree): string => tree.read("green:wlan", "trigger");

test("the state is on the matrix and the LEDs, and a change is drawn", async () => {
  await router.start();
  const sketch = await board();
  let now = display;
  const { output, tree } = start({ draw: () => now });
  await sketch.came(1);
  expect(lit(tree)).toBe("000011");
  now = { ...display, mode: "activity", activity_message: "SYNCING PRICES..." };
  output.changed();
  const shown = await sketch.came(2);
  expect(shown.map(({ params }) => params[2])).toEqual(["HI", "SYNCING PRICES..."]);
  expect(lit(tree)).toBe("001011");
});

test("without a board it says one word and draws nothing", async () => {
  let drawn = 0;
  const { lines } = start({ tree: fakeTree([]), draw: () => (drawn++, display) });
  await expect.poll(() => lines.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([lines.length, drawn]).toEqual([1, 0]);
  expect(lines[0]).toContain("no board here");
});

test("a board whose router starts later is found", async () => {
  start({ tree: fakeTree([]) });
  await router.start();
  expect((await (await board()).came(1))[0]?.params[2]).toBe("HI");
});

test("of two nodes on one board one draws; the other follows when the first has ended", async () => {
  const claim = claimName();
  const first = start({ claim });
  await expect.poll(() => trigger(first.tree)).toBe("none");
  const second = start({ claim });
  await expect.poll(() => second.lines.some((line) => line.includes("another node draws"))).toBe(true);
  expect(trigger(second.tree)).toBe("phy0tx");
  first.output.stop();
  expect(trigger(first.tree)).toBe("phy0tx");
  await expect.poll(() => trigger(second.tree), { timeout: 5_000 }).toBe("none");
});

test("a thousand changes are drawn as a handful", async () => {
  let drawn = 0;
  const { output } = start({ draw: () => (drawn++, display), times: { restMs: 100 } });
  await expect.poll(() => drawn).toBe(1);
  const startedMs = performance.now();
  for (let n = 0; n < 1_000; n++) {
    output.changed();
    if (n % 20 === 0) await new Promise(setImmediate);
  }
  await expect.poll(() => drawn).toBeGreaterThan(1);
  expect(drawn).toBeLessThanOrEqual(3 + (performance.now() - startedMs) / 100);
});

test("a state that cannot be drawn leaves LED 1 and 2 dark, is said once, and the app goes on", async () => {
  let broken = false;
  const { output, tree, lines } = start({
    draw: () => {
      if (broken) throw new Error("the ledger is locked");
      return display;
    },
  });
  await expect.poll(() => lit(tree)).toBe("000011");
  broken = true;
  output.changed();
  await expect.poll(() => lit(tree)).toBe("000000");
  output.changed();
  broken = false;
  output.changed();
  await expect.poll(() => lit(tree)).toBe("000011");
  expect(lines.filter((line) => line.includes("could not be drawn"))).toHaveLength(1);
});

test("LEDs that may not be written are said once, with the remedy, and the matrix is drawn", async () => {
  await router.start();
  const sketch = await board();
  const tree = fakeTree();
  // The note cannot be made where a folder has its name.
  mkdirSync(join(tree.dir, "leds.json.tmp"));
  const { lines } = start({ tree });
  await sketch.came(1);
  expect(lines.filter((line) => line.includes("LED 1 and 2 cannot be used"))).toHaveLength(1);
  expect(trigger(tree)).toBe("phy0tx");
});

test("switched off, it draws nothing and gives back what an earlier run took", async () => {
  const tree = fakeTree();
  // An output that never ended, as after SIGKILL.
  start({ tree });
  await expect.poll(() => trigger(tree)).toBe("none");
  const { done } = start({ tree, on: false });
  await done;
  expect(trigger(tree)).toBe("phy0tx");
});

test("a stop gives the LEDs back before it returns, and the service ends", async () => {
  await router.start();
  const { output, tree, done } = start();
  await expect.poll(() => trigger(tree)).toBe("none");
  output.stop();
  expect([trigger(tree), lit(tree), existsSync(join(tree.dir, "leds.json"))]).toEqual(["phy0tx", "000000", false]);
  await done;
});
