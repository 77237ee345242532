import { describe, expect, test } from "vitest";
import { timeTrouble, troubleNow, type HostTime } from "../../../src/right-time/time-rule.ts";

const now = Date.UTC(2026, 10, 25, 15);
/** A host asked at `now` that answers after 300 ms, its clock so far behind this machine's. */
const host = (behindMs: number, name = "a"): HostTime => ({
  host: name,
  dateMs: Math.floor((now + 150 - behindMs) / 1000) * 1000,
  askedMs: now,
  answeredMs: now + 300,
});

describe("the wall clock is right", () => {
  test("when two hosts agree with it, whether or not a time service runs", () => {
    expect(timeTrouble({ synchronised: true, hosts: [host(0), host(900, "b")] })).toBeNull();
    expect(timeTrouble({ synchronised: null, hosts: [host(0), host(-900, "b")] })).toBeNull();
  });

  test.each([
    ["one host", { synchronised: true, hosts: [host(0)] }, "1 of 2 hosts said what time it is"],
    ["no host", { synchronised: true, hosts: [] }, "0 of 2 hosts said what time it is"],
    ["a service that is not in step", { synchronised: false, hosts: [host(0), host(0)] }, /not synchronised$/],
    [
      "a host far behind",
      { synchronised: true, hosts: [host(0), host(3_600_000, "b")] },
      /^the clock is 3599 s ahead of b/,
    ],
    [
      "hosts far ahead",
      { synchronised: null, hosts: [host(-86_400_000)].concat(host(-86_400_000, "b")) },
      /s behind a$/,
    ],
  ])("not with %s", (_name, evidence, said) => {
    expect(timeTrouble(evidence)).toMatch(said);
  });

  test("a way of seconds to a host is no error of the clock", () => {
    const slow = { host: "a", dateMs: now + 4_000, askedMs: now, answeredMs: now + 9_000 };
    expect(timeTrouble({ synchronised: null, hosts: [slow, host(0)] })).toBeNull();
  });
});

describe("a check tells of the clock", () => {
  const check = { trouble: null, at: { wallMs: now, monotonicMs: 500 } };
  const later = (ms: number, setMs = 0) => troubleNow(check, { wallMs: now + ms + setMs, monotonicMs: 500 + ms });

  test("for two hours, as long as nobody sets it", () => {
    expect(later(7_200_000)).toBeNull();
    expect(later(7_200_001)).toBe("the clock was not checked for two hours");
    expect(later(60_000, 2_000)).toBeNull();
    expect(later(60_000, 2_001)).toBe("the clock was set by 2 s since it was checked");
    expect(later(60_000, -3_600_000)).toBe("the clock was set by -3600 s since it was checked");
  });

  test("and before the first there is nothing to go by", () => {
    expect(troubleNow(null, check.at)).toBe("the clock was not checked yet");
    expect(troubleNow({ ...check, trouble: "wrong" }, check.at)).toBe("wrong");
  });
});
