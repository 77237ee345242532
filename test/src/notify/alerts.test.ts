import { describe, expect, test } from "vitest";
import { type AlertState, type Situation, nextAlerts, noAlerts } from "../../../src/notify/alerts.ts";

const whole: Situation = {
  node: "uno-b",
  role: "standby",
  primary: "uno-a",
  epoch: 5,
  peer: { name: "uno-a", reachable: true, inSync: true },
  arbiter: { name: "w", reachable: true },
  troubles: [],
  waitsFor: [],
};
const leads: Situation = { ...whole, role: "primary", primary: "uno-b", epoch: 6 };
const gone = { name: "uno-a", reachable: false, inSync: false };
const second = 1_000;

/** Shows the situations one after the other, each at its second, and tells what was sent. */
function told(story: readonly (readonly [number, Situation])[]): string[] {
  const said: string[] = [];
  let state: AlertState = noAlerts;
  for (const [at, situation] of story) {
    const next = nextAlerts(state, situation, at * second);
    state = next.state;
    said.push(...next.alerts.map(({ state: what, severity, text }) => `${at} ${what} ${severity}: ${text}`));
  }
  return said;
}

describe("alerts", () => {
  test("a kill is told once, by the survivor, and so is the recovery", () => {
    const alone = { ...leads, peer: gone };
    const behind = { ...leads, peer: { ...gone, reachable: true } };
    const story = [
      [0, whole],
      [3, { ...alone, peer: { ...gone, reachable: true } }],
      [5, alone],
      [6, alone],
      [20, alone],
      [60, alone],
      [61, behind],
      [63, leads],
      [90, leads],
    ] as const;
    expect(told(story)).toEqual([
      "6 event critical: uno-b took over from uno-a, which is not heard from (epoch 6).",
      "63 closed info: uno-a is there and holds everything confirmed: the pair is whole again.",
    ]);
  });

  test("a standby that dies is told by the primary when it does not come back at once", () => {
    const alone = { ...leads, peer: gone };
    expect(
      told([
        [0, leads],
        [1, alone],
        [10, alone],
        [11, alone],
        [12, alone],
        [20, leads],
      ]),
    ).toEqual([
      "11 open critical: uno-a is not heard from: uno-b works alone.",
      "20 closed info: uno-a is there and holds everything confirmed: the pair is whole again.",
    ]);
  });

  test("what is over before its time is not told at all", () => {
    expect(
      told([
        [0, leads],
        [1, { ...leads, peer: gone }],
        [9, leads],
        [60, leads],
      ]),
    ).toEqual([]);
  });

  test("a planned change of the lead is news, no alarm", () => {
    expect(
      told([
        [0, whole],
        [1, leads],
        [30, leads],
      ]),
    ).toEqual(["30 event info: uno-b leads now, after uno-a."]);
  });

  test("a standby says nothing of the pair, but speaks where nobody leads", () => {
    const arbiter = { name: "w", reachable: false };
    expect(
      told([
        [0, whole],
        [60, { ...whole, arbiter }],
        [120, { ...whole, arbiter }],
      ]),
    ).toEqual([]);
    const nobody = { ...whole, primary: null, peer: gone, waitsFor: ["It waits for w."] };
    expect(
      told([
        [0, whole],
        [4, nobody],
        [24, nobody],
        [40, nobody],
        [50, whole],
      ]),
    ).toEqual([
      "24 open critical: Nobody leads, says uno-b. It waits for w.",
      "50 closed info: There is a primary again.",
    ]);
  });

  test("an arbiter that is gone is told, also to be back after the lead has moved on", () => {
    const arbiter = { name: "w", reachable: false };
    const story: [number, Situation][] = [
      [0, { ...leads, arbiter }],
      [10, { ...leads, arbiter }],
      [20, { ...whole, arbiter }],
      [30, whole],
    ];
    expect(told(story)).toEqual([
      "10 open warning: The arbiter w does not answer: if a node dies now, trading stops.",
      "30 closed info: The arbiter w answers again.",
    ]);
  });

  test("a trouble of its own is told by each node, once, whatever its figures become", () => {
    const disk = (free: number) => ({ ...whole, troubles: [`Only ${free} MB are left on the disk.`] });
    expect(
      told([
        [0, disk(15)],
        [30, disk(14)],
        [60, disk(13)],
        [70, whole],
      ]),
    ).toEqual([
      "30 open warning: uno-b: Only 14 MB are left on the disk.",
      "70 closed info: uno-b: over: Only 13 MB are left on the disk.",
    ]);
  });

  test("one board alone, and a hundred troubles at once, are borne", () => {
    const troubles = Array.from({ length: 100 }, (_, n) => `trouble ${"x".repeat(n)}`);
    const single = { ...leads, peer: null, arbiter: null, troubles };
    expect(
      told([
        [0, single],
        [60, single],
      ]),
    ).toHaveLength(16);
  });
});
