import { array, assert, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { callerAddress, LoginLimit } from "../../../src/web/login-limit.ts";

test("five wrong passwords are free, then each failure doubles the wait, up to five minutes", () => {
  const limit = new LoginLimit();
  let nowMs = 0;
  const waits: number[] = [];
  for (let n = 0; n < 16; n++) {
    expect(limit.admit("a", true, nowMs)).toBe(0);
    const waitMs = limit.admit("a", true, nowMs);
    waits.push(waitMs);
    // Where there is no wait, that look was an attempt of its own.
    if (waitMs === 0) n++;
    nowMs += waitMs;
  }
  expect(waits.filter((waitMs) => waitMs > 0).slice(0, 10)).toEqual(
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map((seconds) => seconds * 1_000),
  );
});

test("a right password forgives, and so does an hour", () => {
  const limit = new LoginLimit();
  for (let n = 0; n < 5; n++) limit.admit("a", true, 0);
  expect(limit.admit("a", true, 10)).toBeGreaterThan(0);
  limit.succeeded("a");
  for (let n = 0; n < 5; n++) expect(limit.admit("a", true, 20)).toBe(0);
  expect(limit.admit("a", true, 20 + 60 * 60_000)).toBe(0);
});

test("whatever strangers try from however many addresses, a known caller may try at once", () => {
  assert(
    property(
      array(record({ from: integer({ min: 0, max: 5_000 }), afterMs: integer({ min: 0, max: 3_000 }) }), {
        maxLength: 200,
      }),
      (attempts) => {
        const limit = new LoginLimit();
        let nowMs = 0;
        for (const { from, afterMs } of attempts) limit.admit(`stranger ${from}`, false, (nowMs += afterMs));
        expect(limit.admit("device x", true, nowMs)).toBe(0);
      },
    ),
  );
});

test("strangers together try thirty times at once and then every two seconds", () => {
  const limit = new LoginLimit();
  const admitted = (nowMs: number): number =>
    Array.from({ length: 200 }, (_, n) => limit.admit(`${nowMs} ${n}`, false, nowMs)).filter((wait) => wait === 0)
      .length;
  expect([admitted(100_000), admitted(101_000), admitted(110_000)]).toEqual([30, 0, 5]);
});

test("the table is bounded, and who tried last stays in it", () => {
  const limit = new LoginLimit();
  for (let n = 0; n < 5; n++) limit.admit("a", true, 0);
  for (let n = 0; n < 1_023; n++) limit.admit(`other ${n}`, true, 0);
  expect(limit.admit("a", true, 0)).toBeGreaterThan(0);
  limit.admit("one more", true, 0);
  expect(limit.admit("a", true, 0)).toBe(0);
});

test("an IPv6 network is one caller, a mapped IPv4 address is that address", () => {
  expect(callerAddress("2001:db8::1")).toBe(callerAddress("2001:db8:0:0:ffff:1:2:3"));
  expect(callerAddress("2001:db8:0:1::1")).not.toBe(callerAddress("2001:db8::1"));
  expect(callerAddress("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(callerAddress("::ffff:192.168.1.7")).toBe("192.168.1.7");
});
