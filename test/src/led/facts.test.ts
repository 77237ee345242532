import { expect, test } from "vitest";
import { ledDisplayOf, wholeAmount } from "../../../src/led/display.ts";
import { ActivityBoard, shownOn } from "../../../src/led/activity.ts";
import { ledFacts, type LedInputs } from "../../../src/led/facts.ts";
import { ledgerView, pair } from "../web/desk-fixture.ts";

const inputs: LedInputs = {
  node: "uno-a",
  pair,
  open: { epoch: 3, ledger: ledgerView },
  activity: "SYNCING PRICES...",
  realSinceMs: () => 60_000,
};
const [plan] = ledgerView.plans;
const [order] = plan?.orders ?? [];
const [run] = ledgerView.jobRuns;
if (!plan || !order || !run) throw new Error("the fixture has a plan, an order and a run");

test("an order that was just sent is the activity, before what job runs", () => {
  expect(ledFacts(inputs).activity).toBe("SYNCING PRICES...");
  expect(ledFacts({ ...inputs, realSinceMs: () => 500 }).activity).toBe("BUYING AAPL 2.5%");
});

test("a failed run is an error until the job's next run has succeeded", () => {
  const failed = { ...run, slot: "20261122T1420Z", status: "failed" as const };
  const after = { ...run, slot: "20261122T1425Z" };
  const errors = (jobRuns: (typeof run)[]): readonly string[] =>
    ledFacts({ ...inputs, open: { epoch: 3, ledger: { ...ledgerView, jobRuns } } }).errors;
  expect(errors([failed, run])).toEqual(["price sync failed"]);
  expect(errors([after, failed, run])).toEqual([]);
});

test("an order whose fate is unknown is shown first, and is an error when that lasts", () => {
  const ledger = { ...ledgerView, plans: [{ ...plan, orders: [{ ...order, state: "unknown" as const }] }] };
  const facts = (sinceMs: number) => ledFacts({ ...inputs, open: { epoch: 3, ledger }, realSinceMs: () => sinceMs });
  expect(facts(60_000)).toMatchObject({ errors: [], actions: ["AAPL UNKNOWN", "BUY AAPL 2.5%"] });
  expect(facts(60_001).errors).toEqual(["order unknown AAPL"]);
});

test("a pair with one node in sync is not protected", () => {
  expect(ledFacts(inputs).protectedNow).toBe(true);
  expect(ledFacts({ ...inputs, pair: { ...pair, inSync: ["uno-a"] } }).protectedNow).toBe(false);
  expect(ledFacts({ ...inputs, pair: null }).protectedNow).toBe(false);
});

test("an activity is shown while its job runs, and at least long enough to be seen", async () => {
  let nowMs = 0;
  const board = new ActivityBoard(() => nowMs);
  const { promise, resolve } = Promise.withResolvers<string>();
  const job = shownOn(board, "SYNCING PRICES...", {
    name: "price-sync",
    cron: "* * * * *",
    catchUp: "newest",
    run: () => promise,
  });
  const done = job.run({ text: "20261122T1415Z", atMs: 0 }, new AbortController().signal);
  nowMs = 5_000;
  expect(board.current).toBe("SYNCING PRICES...");
  resolve("20 prices");
  expect(await done).toBe("20 prices");
  expect(board.current).toBeNull();
  board.begin("SHORT");
  board.end();
  nowMs += 699;
  expect(board.current).toBe("SHORT");
  nowMs += 1;
  expect(board.current).toBeNull();
});

test("who is paired gets amounts, nobody else any", () => {
  const fresh = { ...inputs, realSinceMs: () => 500 };
  const paired = ledFacts({ ...fresh, amounts: true });
  expect(paired).toMatchObject({
    activity: "BUYING AAPL $2,500",
    money: { currency: "USD", value: 100_000, cash: 97_250 },
  });
  expect(ledDisplayOf(paired).ticker_text).toBe("VALUE $100,000 | CASH $97,250 | BUY AAPL $2,500");
  const open = JSON.stringify(ledDisplayOf(ledFacts(fresh)));
  expect(open).not.toContain("$");
  expect(open).toContain("INVESTED 2.8% | CASH 97% | BUY AAPL 2.5%");
});

test("amounts that are not known are not made up", () => {
  const ledger = { ...ledgerView, equityBase: null, cashBase: null, investedShare: null };
  const facts = ledFacts({ ...inputs, open: { epoch: 3, ledger }, activity: null, amounts: true });
  expect(ledDisplayOf(facts).ticker_text).toBe("BUY AAPL 2.5%");
});

test("amounts are whole, with the dollar's sign or the currency's code", () => {
  expect([12_345.6, -7, 0, -0.4].map((one) => wholeAmount(one, "USD"))).toEqual(["$12,346", "-$7", "$0", "$0"]);
  expect(wholeAmount(-12_345.6, "EUR")).toBe("-EUR12,346");
});
