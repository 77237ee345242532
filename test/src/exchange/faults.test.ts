import { expect, test } from "vitest";
import { faultScript, operationOf, takeFault } from "../../../src/exchange/faults.ts";

test("a script is used up by the requests that it names, in its order, each so many times", () => {
  let script = faultScript.parse([
    { on: "place", fault: "status", status: 429, done: false, times: 2 },
    { on: "list", fault: "slow", ms: 5 },
    { on: "place", fault: "die", done: true },
  ]);
  const met: unknown[] = [];
  for (const operation of ["list", "place", "place", "account", "place", "place"] as const) {
    const { fault, left } = takeFault(script, operation);
    met.push(fault?.fault ?? null);
    script = [...left];
  }
  expect(met).toEqual(["slow", "status", "status", null, "die", null]);
  expect(script).toEqual([]);
});

test.each([
  [{ on: "place", fault: "slow", ms: 60_001 }],
  [{ on: "place", fault: "status", status: 200, done: true }],
  [{ on: "cancel", fault: "partial", qty: 1, rest: "wait" }],
  [{ on: "place", fault: "repeat", times: 1_001 }],
  [{ on: "place", fault: "unheard-of" }],
])("%j is no fault", (fault) => {
  expect(faultScript.safeParse([fault]).success).toBe(false);
});

test("a script has a bound", () => {
  const many = Array.from({ length: 101 }, () => ({ on: "list", fault: "repeat" }));
  expect(faultScript.safeParse(many).success).toBe(false);
});

test.each([
  ["POST", "/v2/orders", "place"],
  ["GET", "/v2/orders", "list"],
  ["GET", "/v2/orders:by_client_order_id", "look-up"],
  ["DELETE", "/v2/orders/x", "cancel"],
  ["GET", "/v2/account", "account"],
  ["GET", "/journal", null],
] as const)("%s %s is %s", (method, path, operation) => {
  expect(operationOf(method, path)).toBe(operation);
});
