import { expect, test } from "vitest";
import { colours, ledDisplay, ledDisplayOf, percent, type LedFacts } from "../../../src/led/display.ts";

const facts: LedFacts = {
  node: "uno-a",
  epoch: 4,
  role: "primary",
  leader: "uno-a",
  protectedNow: true,
  errors: [],
  activity: null,
  lastTrade: "buy",
  investedShare: 0.826,
  actions: ["BUY AAPL 4.9%", "BUY JPM 5.0%", "BUY V 5.0%", "BUY HD 5.0%"],
};

test("a primary's ticker shows percentages and at most three actions", () => {
  const display = ledDisplayOf(facts);
  expect(ledDisplay.parse(display)).toEqual(display);
  expect(display).toMatchObject({
    mode: "normal",
    ticker_text: "INVESTED 83% | CASH 17% | BUY AAPL 4.9% | BUY JPM 5.0% | BUY V 5.0%",
    trade_is_buy: true,
    led3: colours.green,
    led4: colours.buy,
    drawn_by: { node: "uno-a", epoch: 4 },
  });
});

test("an error stands above an activity, an activity above the ticker", () => {
  expect(ledDisplayOf({ ...facts, activity: "SYNCING PRICES..." }).mode).toBe("activity");
  const both = ledDisplayOf({ ...facts, activity: "SYNCING PRICES...", errors: ["broker connection failed"] });
  expect(both).toMatchObject({ mode: "error", error_message: "BROKER CONNECTION FAILED", led3: colours.red });
});

test("a standby says that it is one and who leads, and shows no trade of its own", () => {
  const display = ledDisplayOf({ ...facts, node: "uno-b", role: "standby", leader: "uno-a" });
  expect(display).toMatchObject({
    ticker_text: "STANDBY · uno-a leads",
    led3: colours.blue,
    led4: colours.off,
    trade_is_buy: false,
  });
  expect(ledDisplayOf({ ...facts, role: "standby", leader: null })).toMatchObject({
    ticker_text: "STANDBY · nobody leads",
    led3: colours.yellow,
  });
});

test("a primary without a standby says so", () => {
  const display = ledDisplayOf({ ...facts, protectedNow: false, actions: [], investedShare: null });
  expect(display).toMatchObject({ ticker_text: "NO STANDBY | NOTHING TO DO", led3: colours.yellow });
});

test("a standby says how far behind it is, when that is known, and when it is not in sync", () => {
  const standby = { ...facts, node: "uno-b", role: "standby" as const };
  expect([0, 14, null].map((behindTxids) => ledDisplayOf({ ...standby, behindTxids }).ticker_text)).toEqual([
    "STANDBY · uno-a leads · UP TO DATE",
    "STANDBY · uno-a leads · 14 BEHIND",
    "STANDBY · uno-a leads",
  ]);
  expect(ledDisplayOf({ ...standby, protectedNow: false })).toMatchObject({
    ticker_text: "STANDBY · uno-a leads · NOT IN SYNC",
    led3: colours.yellow,
  });
});

test("a takeover is above what the node does, and an error does not hide it", () => {
  const display = ledDisplayOf({ ...facts, tookOverFrom: "uno-b", activity: "BUYING AAPL" });
  expect(display).toMatchObject({
    mode: "activity",
    activity_message: "uno-a TOOK OVER FROM uno-b | BUYING AAPL",
    led3: colours.magenta,
    takeover: true,
  });
  expect(ledDisplayOf({ ...facts, tookOverFrom: "uno-b", errors: ["x failed"] })).toMatchObject({
    mode: "error",
    error_message: "UNO-A TOOK OVER FROM UNO-B | X FAILED",
    led3: colours.red,
    led4: colours.magenta,
  });
});

test("small shares keep one decimal", () => {
  expect([0.049, 0.0996, 0.5, -0.021].map(percent)).toEqual(["4.9%", "10%", "50%", "-2.1%"]);
});
