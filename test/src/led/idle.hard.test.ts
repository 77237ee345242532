import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { boardMethods } from "../../../src/led/router/board-message.ts";
import { FakeBoard } from "./router/fake-board.ts";
import { StandInRouter } from "./router/stand-in-router.ts";
import { fakeTree } from "./sysfs/fake-tree.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("idle-output.ts", import.meta.url));
const measuredMs = 8_000;

const router = new StandInRouter();
afterEach(() => router.remove());

test.each([
  ["on a board", true],
  ["where there is no board", false],
])("%s, the LEDs of an idle node cost less than 1% of a core", async (_, onBoard) => {
  const tree = fakeTree(onBoard ? undefined : []);
  if (onBoard) {
    await router.start();
    await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  }
  const args = ["--pdeathsig", "KILL", "--", process.execPath, script, router.socketPath, tree.root, `${measuredMs}`];
  const { stdout } = await run("setpriv", args, { timeout: 60_000 });
  const { share } = z.object({ share: z.number() }).parse(JSON.parse(stdout));
  expect(share).toBeLessThan(0.01);
});
