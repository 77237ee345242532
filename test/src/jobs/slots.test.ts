import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextRuns, nextSlotMs, slotMs, slotsBetween, slotText } from "../../../src/jobs/slots.ts";

const at = (text: string): number => slotMs(text);

const between = (after: string, until: string, limit = 10) =>
  slotsBetween("*/15 * * * *", at(after), at(until), limit).map(slotText);

describe("slots", () => {
  test("are named by their UTC minute, and sort as time does", () => {
    expect(slotText(Date.UTC(2026, 10, 22, 14, 15, 59, 999))).toBe("20261122T1415Z");
    expect(() => slotMs("2026-11-22T14:15Z")).toThrow("not a slot");
    const minute = fc.integer({ min: 0, max: 60_000_000 }).map((minutes) => minutes * 60_000);
    fc.assert(
      fc.property(minute, minute, (a, b) => {
        expect(slotMs(slotText(a))).toBe(a);
        expect(slotText(a) < slotText(b)).toBe(a < b);
      }),
    );
  });

  test("after one instant and until another, the later one included, oldest first", () => {
    expect(between("20261122T1415Z", "20261122T1445Z")).toEqual(["20261122T1430Z", "20261122T1445Z"]);
    expect(between("20261122T1415Z", "20261122T1429Z")).toEqual([]);
    expect(between("20261122T1445Z", "20261122T1415Z")).toEqual([]);
  });

  test("are the newest ones when there are more than the limit", () => {
    const slots = slotsBetween("*/5 * * * *", 0, at("20261122T1415Z"), 3);
    expect(slots.map(slotText)).toEqual(["20261122T1405Z", "20261122T1410Z", "20261122T1415Z"]);
  });

  test("agree with walking forward, whatever the instants", () => {
    const instant = fc.integer({ min: at("20261122T0000Z"), max: at("20261123T0000Z") });
    fc.assert(
      fc.property(instant, instant, fc.constantFrom("*/5 * * * *", "7 */2 * * *", "30 3 * * *"), (a, b, cron) => {
        const walked: number[] = [];
        for (let next = nextSlotMs(cron, a); next !== null && next <= b; next = nextSlotMs(cron, next))
          walked.push(next);
        expect(slotsBetween(cron, a, b, 1000)).toEqual(walked);
      }),
      { numRuns: 60 },
    );
  });

  test("know no seconds, and no daylight saving time", () => {
    expect(() => nextSlotMs("* * * * * *", 0)).toThrow("5-part");
    const jobs = [{ name: "daily", cron: "0 3 * * *" }];
    expect(nextRuns(jobs, at("20260329T0000Z"))[0]?.slot.text).toBe("20260329T0300Z");
  });
});
