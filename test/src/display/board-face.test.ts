import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import { boardFace } from "../../../src/display/board-face.ts";
import type { Face } from "../../../src/display/faces.ts";
import type { Shown } from "../../../src/display/follow.ts";
import { boardMethods } from "../../../src/led/router/board-message.ts";
import { FakeBoard } from "../led/router/fake-board.ts";
import { StandInRouter } from "../led/router/stand-in-router.ts";
import { displayOf } from "./display-fixture.ts";

const light = { brightness: 150, quiet: null };
const fresh: Shown = { kind: "fresh", display: displayOf(4), from: "h:1", ageMs: 10 };

let router: StandInRouter;
let sketch: FakeBoard;
let face: Face;
beforeEach(async () => {
  router = new StandInRouter();
  await router.start();
  sketch = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  face = boardFace(router.socketPath, light, pino({ level: "silent" }));
});
afterEach(async () => {
  face.stop();
  sketch.stop();
  await router.remove();
});
const textAndLook = (n: number): unknown => [sketch.shown[n]?.params[2], sketch.shown[n]?.params[5]];

test("a third board shows what the primary does, then that the figures are old, then that there are none", async () => {
  for (let n = 0; n < 50; n++) face.draw(fresh);
  await sketch.came(1);
  face.draw({ ...fresh, kind: "stale", ageMs: 6_000, reason: "h:1 does not answer" });
  await sketch.came(2);
  face.draw({ kind: "none", forMs: 60_000, reason: "h:1 does not answer" });
  await sketch.came(3);
  expect([textAndLook(0), textAndLook(1), textAndLook(2)]).toEqual([
    ["INVESTED 83% | BUY AAPL 2.5%", 0],
    ["OLD FIGURES | INVESTED 83% | BUY AAPL 2.5%", 1],
    ["NO CONTACT FOR 1 MIN", 2],
  ]);
  expect(sketch.shown).toHaveLength(3);
});
