import { describe, expect, test } from "vitest";
import type { OwnerOrder } from "../../../src/planning/owner-orders.ts";
import { standingOf } from "../../../src/trading/owner-orders.ts";
import { CrashWorld, type Rows, UNSCORED } from "./crash-world.ts";

const ordered: OwnerOrder = { id: "wish", symbol: UNSCORED, side: "buy", qty: 7, overrides: [] };
const nobodys: Rows = new Map();

/** Points at which a life in which the owner orders something could have died. */
async function pointsOfALife(): Promise<number> {
  const { points } = await new CrashWorld().live({ node: "uno-a", rows: nobodys, ordered });
  return points;
}

/** One order at most whoever sent it; none only where the ledger says so, or never had it. */
function judge(world: CrashWorld, rows: Rows): string {
  const { book } = world.broker;
  expect(world.violations).toEqual([]);
  const places = book.attempts.filter(({ symbol }) => symbol === UNSCORED).map(({ clientOrderId }) => clientOrderId);
  expect(new Set(places).size, "the owner's order has one place for ever").toBeLessThanOrEqual(1);
  const kept = rows.owners?.get(ordered.id);
  const taken = [...book.orders.values()].filter(({ symbol }) => symbol === UNSCORED);
  if (kept === undefined) {
    expect(taken).toEqual([]);
    return "never kept";
  }
  const intent = rows.get(kept.slot ?? "")?.intents.find(({ n }) => n === kept.n) ?? null;
  const { state, why } = standingOf(kept, intent, 0);
  expect(["done", "ended"]).toContain(state);
  expect(taken.length > 0).toBe(state === "done");
  if (state === "ended") expect(why).toContain("give it anew if it is still wanted");
  for (const { qty, side } of taken) expect([side, qty]).toEqual(["buy", 7]);
  return state;
}

describe("a crash at every point between the owner's order and its end", () => {
  test("covers the order being written, its confirmation, and the plan that takes it", async () => {
    const names = new Set<string>();
    for (let dieAt = 1; dieAt <= (await pointsOfALife()); dieAt++) {
      names.add((await new CrashWorld().live({ node: "uno-a", rows: nobodys, ordered, dieAt })).diedAt ?? "");
    }
    for (const name of ["order of the owner written", "plan written"]) {
      expect([...names]).toEqual(expect.arrayContaining([`before ${name}`, `after ${name}`]));
    }
  });

  test.each([
    { when: "in the same slot", passes: false, acceptDuplicates: false },
    { when: "in the next slot", passes: true, acceptDuplicates: false },
    { when: "in the same slot, at a broker that accepts duplicates", passes: false, acceptDuplicates: true },
    { when: "in the next slot, at a broker that accepts duplicates", passes: true, acceptDuplicates: true },
  ])("a successor $when sends what is in its ledger once, and never twice", async ({ passes, acceptDuplicates }) => {
    const ends = new Map<string, number>();
    for (const inFlightAfter of [0, 2, 99]) {
      for (let dieAt = 1; dieAt <= (await pointsOfALife()); dieAt++) {
        for (let ledger = 0; ; ledger++) {
          const world = new CrashWorld({ acceptDuplicates, inFlightAfter });
          const first = await world.live({ node: "uno-a", rows: nobodys, ordered, dieAt });
          const rows = first.ledgers[ledger];
          if (rows === undefined) break;
          if (inFlightAfter > 0 && first.diedAt !== "request on the wire") break;
          if (passes) world.passSlot();
          const wasOnTheWire = world.inFlight() !== null;
          const second = await world.live({ node: "b", rows });
          const end = judge(world, await world.settle(second.ledgers.at(-1) ?? rows));
          // In time it goes out; later, what may have been sent is not sent again.
          if (!passes && !wasOnTheWire && rows.owners?.has(ordered.id)) expect(end).toBe("done");
          ends.set(end, (ends.get(end) ?? 0) + 1);
        }
      }
    }
    expect(ends.get("done")).toBeGreaterThan(20);
    expect(ends.get("never kept")).toBeGreaterThan(1);
    if (passes) expect(ends.get("ended")).toBeGreaterThan(0);
  });

  test("a node that has lost the plan takes over, as where its owner has accepted a loss: it finds the order, and ends it", async () => {
    for (const passes of [false, true]) {
      const world = new CrashWorld();
      const first = await world.live({ node: "uno-a", rows: nobodys, ordered });
      const owners = new Map(
        [...(first.ledgers.at(-1)?.owners ?? [])].map(([id, kept]) => [id, { ...kept, slot: null, n: null }]),
      );
      if (passes) world.passSlot();
      const second = await world.live({ node: "b", rows: Object.assign(new Map(), { owners }) });
      const rows = await world.settle(second.ledgers.at(-1) ?? nobodys);
      const places = world.broker.book.attempts.filter(({ symbol }) => symbol === UNSCORED);
      expect(places).toHaveLength(1);
      expect(rows.owners?.get(ordered.id)).toMatchObject({ slot: null });
    }
  });

  test("the answer to its request is lost, or the request itself: it is looked for, and given up with a sentence", async () => {
    for (const arrives of [true, false]) {
      const world = new CrashWorld();
      const life = await world.live({ node: "uno-a", rows: nobodys, ordered, unanswered: { request: 1, arrives } });
      expect(judge(world, await world.settle(life.ledgers.at(-1) ?? nobodys))).toBe("done");
    }
  });
});
