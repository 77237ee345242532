import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OrderIntent } from "../../../src/trading/broker.ts";
import type { Plan } from "../../../src/trading/plan-record.ts";
import { CrashWorld, type Ended } from "./crash-world.ts";

type Rows = ReadonlyMap<string, Plan>;

/** What must hold at the end of every story, by the broker's own journal and the surviving ledger. */
function judge(world: CrashWorld, rows: Rows, acceptDuplicates: boolean): void {
  const { book } = world.broker;
  expect(world.violations).toEqual([]);
  const intentions = new Map<string, Set<string>>();
  for (const { clientOrderId, side, qty, symbol } of book.attempts) {
    intentions.set(clientOrderId, (intentions.get(clientOrderId) ?? new Set()).add(`${side} ${qty} ${symbol}`));
  }
  for (const [id, meant] of intentions) expect([id, ...meant], "one intention for each place").toHaveLength(2);

  const orders = [...book.orders.values()];
  if (!acceptDuplicates) expect(new Set(orders.map((order) => order.clientOrderId)).size).toBe(orders.length);
  const intents = new Map(
    [...rows.values()].flatMap((plan) => plan.intents).map((intent) => [intent.clientOrderId, intent]),
  );
  for (const { clientOrderId, symbol, side, qty } of orders) {
    expect(intents.get(clientOrderId), `${clientOrderId} is in the ledger`).toMatchObject({
      symbol,
      side,
      qty,
      state: "filled",
    });
  }
  for (const intent of intents.values()) {
    expect(["filled", "not-sent", "rejected"], `${intent.clientOrderId} has an end`).toContain(intent.state);
    expect(intent.state === "filled").toBe(book.idsByClientOrderId.has(intent.clientOrderId));
  }
  for (const plan of rows.values()) expect(["done", "ended"]).toContain(plan.status);
}

/** Whoever sent them: a slot gets its orders once, and all of them when the successor comes in time. */
function judgeSuccessor(world: CrashWorld, slot: string, rows: Rows, passes: boolean, wasOnTheWire: boolean): void {
  const ids = world.broker.book.attempts.map((attempt) => attempt.clientOrderId).filter((id) => id.includes(slot));
  if (wasOnTheWire) return;
  expect(ids, "no place is sent again where the broker shows what became of it").toEqual([...new Set(ids)]);
  if (!passes) expect(ids).toHaveLength(3);
  if (!passes) expect(rows.get(slot)).toMatchObject({ status: "done" });
}

/** While a request may be on its way it is not called unsent, and nothing else touches its symbol. */
function judgeDoubt(rows: Rows, onTheWire: OrderIntent | null): void {
  const intents = [...rows.values()].flatMap((plan) => plan.intents);
  const doubtful = intents.find((intent) => intent.clientOrderId === onTheWire?.clientOrderId);
  expect(doubtful?.state).toBe("unknown");
  expect(intents.filter((intent) => intent.symbol === onTheWire?.symbol)).toEqual([doubtful]);
}

/** Points at which a life without a crash could have died. */
async function pointsOfALife(): Promise<number> {
  const { points } = await new CrashWorld().live({ node: "uno-a", rows: new Map() });
  return points;
}

describe("a crash at every point of a cycle, and every ledger that its successor may hold", () => {
  test("covers all the points: plan, confirm, sent, wire, answer, outcome", async () => {
    const names = new Set<string>();
    for (let dieAt = 1; dieAt <= (await pointsOfALife()); dieAt++) {
      names.add((await new CrashWorld().live({ node: "uno-a", rows: new Map(), dieAt })).diedAt ?? "");
    }
    expect([...names].sort()).toEqual(
      [
        "before listing",
        "after listing",
        "before look-up",
        "after look-up",
        "before plan written",
        "after plan written",
        "before confirm",
        "confirmed, answer lost",
        "before update written",
        "after update written",
        "request not yet on the wire",
        "request on the wire",
        "request taken, answer lost",
      ].sort(),
    );
  });

  test.each([
    { when: "in the same slot", passes: false, acceptDuplicates: false },
    { when: "in the next slot", passes: true, acceptDuplicates: false },
    { when: "in the same slot, at a broker that accepts duplicates", passes: false, acceptDuplicates: true },
    { when: "in the next slot, at a broker that accepts duplicates", passes: true, acceptDuplicates: true },
  ])("a successor $when never sends a place with another intention and loses no order", async (variant) => {
    const { passes, acceptDuplicates } = variant;
    let stories = 0;
    for (const inFlightAfter of [0, 1, 2, 4, 99]) {
      for (let dieAt = 1; dieAt <= (await pointsOfALife()); dieAt++) {
        for (let ledger = 0; ; ledger++) {
          const world = new CrashWorld({ acceptDuplicates, inFlightAfter });
          const slot = world.slot().text;
          const first = await world.live({ node: "uno-a", rows: new Map(), dieAt });
          const rows = first.ledgers[ledger];
          if (rows === undefined) break;
          // When a request arrives matters only where one is on its way.
          if (inFlightAfter > 0 && first.diedAt !== "request on the wire") break;
          if (passes) world.passSlot();
          const onTheWire = world.inFlight();
          const second = await world.live({ node: "b", rows });
          const after = second.ledgers.at(-1) ?? rows;
          judgeSuccessor(world, slot, after, passes, onTheWire !== null);
          if (passes && world.inFlight() !== null) judgeDoubt(after, world.inFlight());
          judge(world, await world.settle(after), acceptDuplicates);
          stories++;
        }
      }
    }
    expect(stories).toBeGreaterThan(100);
  });

  test("nothing is sent before the plan is confirmed", async () => {
    const world = new CrashWorld();
    const life = await world.live({ node: "uno-a", rows: new Map(), unknownConfirm: 1, dieAt: 9_999 });
    expect(life.outcome).toContain("buy");
    expect(world.broker.book.attempts).toHaveLength(3);
    for (let dieAt = 1; ; dieAt++) {
      const early = new CrashWorld();
      const { diedAt, everConfirmed } = await early.live({ node: "uno-a", rows: new Map(), dieAt });
      if (everConfirmed || diedAt === null) break;
      expect(early.broker.book.attempts).toEqual([]);
    }
  });
});

describe("stories of many deaths", () => {
  const life = fc.record({
    dieAt: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
    ledger: fc.nat(20),
    passes: fc.boolean(),
    back: fc.boolean(),
    unknownConfirm: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    unanswered: fc.option(fc.record({ request: fc.integer({ min: 1, max: 3 }), arrives: fc.boolean() }), {
      nil: undefined,
    }),
  });

  test("whoever dies where and whatever gets no answer: one intention for each place, and no order is lost", async () => {
    const story = fc.record({
      lives: fc.array(life, { minLength: 1, maxLength: 6 }),
      inFlightAfter: fc.nat(8),
      acceptDuplicates: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(story, async ({ lives, inFlightAfter, acceptDuplicates }) => {
        const world = new CrashWorld({ inFlightAfter, acceptDuplicates });
        let rows: Rows = new Map();
        let before: Ended | null = null;
        for (const [index, { dieAt, ledger, passes, back, unknownConfirm, unanswered }] of lives.entries()) {
          const given = Object.entries({ dieAt, unknownConfirm, unanswered }).filter(
            ([, value]) => value !== undefined,
          );
          const ended = await world.live({ node: index % 2 === 0 ? "uno-a" : "b", rows, ...Object.fromEntries(given) });
          // One that died before it had anything confirmed may be followed by the node before it, with all that has.
          const own: Rows = ended.ledgers[ledger % ended.ledgers.length] ?? rows;
          rows = back && !ended.everConfirmed && before !== null ? (before.ledgers.at(-1) ?? own) : own;
          before = ended;
          if (passes) world.passSlot();
        }
        judge(world, await world.settle(rows), acceptDuplicates);
      }),
      { numRuns: 200 },
    );
  });
});
