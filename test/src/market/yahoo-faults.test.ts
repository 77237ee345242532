import { afterEach, describe, expect, test, vi } from "vitest";
import type { YahooTrader } from "../../support/yahoo-trader.ts";
import { html, startTrader, stocks, text } from "./yahoo-fixture.ts";

let trader: YahooTrader;
afterEach(() => {
  // Whatever happened, no crumb is anywhere.
  expect(trader.logged.join("")).not.toContain("crumb-");
  trader.close();
});
const start = (known = stocks()): YahooTrader => (trader = startTrader(known));
const attempts = (): readonly string[] => trader.attempts();
const isQuote = ({ pathname }: URL): boolean => pathname.startsWith("/v7/finance/quote");

test("without a fault a slot ends in an order, at a price in euros", async () => {
  start();
  const outcomes = await trader.slot();
  expect(outcomes["price-sync"]).toBe("5 prices, 500 daily bars");
  expect(outcomes["company-sync"]).toBe("figures of 5 companies");
  expect(outcomes["rebalance"]).toMatch(/^buy \d+ \S+ filled\.$/);
  expect(attempts()).toHaveLength(1);
  expect(trader.yahoo.requests.filter((path) => path.startsWith("/v7/"))).toHaveLength(1);
});

test("while the wall clock may be wrong nothing is traded, whatever the prices", async () => {
  start();
  trader.timeTrouble = "the clock was not checked yet";
  const outcomes = await trader.slot();
  expect(outcomes["price-sync"]).toContain("5 prices");
  expect(outcomes["rebalance"]).toBe("Nothing is traded: the clock was not checked yet.");
  expect(attempts()).toEqual([]);
});

/** Each makes every quote fail for good; the second is what the price sync says of it. */
const dead: readonly (readonly [string, () => Response | Promise<Response>, string])[] = [
  ["429", () => text(429, "Too Many Requests"), "status 429"],
  ["429 as JSON", () => Response.json({ message: "slow down" }, { status: 429 }), "status 429"],
  ["502", () => text(502, "Bad Gateway"), "status 502"],
  ["502 as JSON without a reason", () => Response.json({ message: "away" }, { status: 502 }), "status 502"],
  ["403 as JSON without a reason", () => Response.json({ message: "no" }, { status: 403 }), "status 403"],
  ["a page with 200", () => text(200, html), "no JSON"],
  ["truncated JSON", () => text(200, '{"quoteResponse":{"result":[{"symbol":"AA'), "no JSON"],
  [
    "a reset socket",
    () => Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNRESET") })),
    "ECONNRESET",
  ],
  ["no answer", () => trader.giveNoAnswer(), "did not answer within 10 s"],
];

describe("a fault of every quote", () => {
  test.each(dead)("%s: said, tried again in bounds, and nothing is traded", async (_name, answer, said) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    start();
    trader.yahoo.fault = (url) => (isQuote(url) ? answer() : null);
    const outcomes = await trader.slot();
    expect(outcomes["price-sync"]).toContain(said);
    expect(outcomes["price-sync"]).toMatch(/^failed: /);
    expect(outcomes["rebalance"]).toMatch(/^Nothing to do/);
    expect(attempts()).toEqual([]);
    const tries = trader.yahoo.requests.filter((path) => path.startsWith("/v7/")).length;
    expect(tries).toBe(said === "status 403" ? 1 : 3);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  test.each(["429", "502", "a reset socket", "a page with 200"])(
    "%s that passes costs a wait and no more",
    async (name) => {
      start();
      const answer = dead.find(([of]) => of === name)?.[1];
      let faults = 2;
      trader.yahoo.fault = (url) => (isQuote(url) && faults-- > 0 ? (answer?.() ?? null) : null);
      expect((await trader.slot())["rebalance"]).toMatch(/^buy /);
      // Seconds: 1 and 2, each at three quarters by this test's chance, and the requests' own pace.
      expect(trader.waitedMs()).toBeGreaterThan(2_250);
    },
  );

  test("a wait that the source asks for is kept to, unless it is longer than a run", async () => {
    start();
    let seconds = "7";
    let faults = 1;
    const limited = (): Response => new Response("", { status: 429, headers: { "retry-after": seconds } });
    trader.yahoo.fault = (url) => (isQuote(url) && faults-- > 0 ? limited() : null);
    expect((await trader.slot())["price-sync"]).toContain("5 prices");
    expect(trader.waitedMs()).toBeGreaterThan(7_000);
    [seconds, faults] = ["3600", 1];
    trader.pass(300_000);
    expect((await trader.slot())["price-sync"]).toContain(
      "failed: SourceFault: the market source answered with status 429",
    );
  });

  test("old prices are traded on for half an hour after Yahoo went away, then no longer", async () => {
    start();
    await trader.slot();
    trader.yahoo.fault = (url) => (isQuote(url) ? text(502, "") : null);
    trader.pass(900_000);
    const soon = await trader.slot();
    expect(soon["price-sync"]).toContain("failed");
    expect(soon["rebalance"]).toMatch(/^buy /);
    trader.pass(1_800_000);
    expect((await trader.slot())["rebalance"]).toMatch(/^Nothing to do: .* is held but has no price/);
    expect(attempts()).toHaveLength(2);
  });
});

describe("the handshake", () => {
  test("a stale crumb is renewed with a new jar, once and for all that follows", async () => {
    start();
    await trader.slot();
    trader.yahoo.forgetCrumbs();
    trader.pass(900_000);
    expect((await trader.slot())["price-sync"]).toContain("5 prices");
    expect(trader.yahoo.requests.filter((path) => path.includes("getcrumb"))).toHaveLength(2);
  });

  test.each([
    ["no cookie", (url: URL) => (url.pathname.startsWith("/quote/") ? text(200, html) : null)],
    ["429 on the crumb", (url: URL) => (url.pathname.includes("getcrumb") ? text(429, "Too Many Requests") : null)],
    ["a page for a crumb", (url: URL) => (url.pathname.includes("getcrumb") ? text(200, html) : null)],
  ])("%s fails the sync, and does no harm once it is over", async (_name, fault) => {
    start();
    trader.yahoo.fault = fault;
    expect((await trader.slot())["price-sync"]).toMatch(/^failed: /);
    expect(attempts()).toEqual([]);
    trader.yahoo.fault = null;
    trader.pass(900_000);
    expect((await trader.slot())["rebalance"]).toMatch(/^buy /);
  });
});
