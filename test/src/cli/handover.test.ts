import { expect, test } from "vitest";
import type { Handover } from "../../../src/cli/agent-view.ts";
import { exitCodes, oneLine } from "../../../src/cli/exit.ts";
import { handoverExitCode } from "../../../src/cli/handover.ts";

const of = (outcome: Handover["outcome"], ok = true): Handover => ({
  outcome,
  checks: [{ name: "the standby is in sync", ok, detail: "" }],
  message: "",
});

test("in progress is never failed", () => {
  expect(handoverExitCode(of("in-progress"))).toBe(exitCodes.inProgress);
});

test("each outcome has its exit code", () => {
  expect(handoverExitCode(of("done"))).toBe(0);
  expect(handoverExitCode(of("refused", false))).toBe(2);
  expect(handoverExitCode(of("put-back"))).toBe(1);
  expect([handoverExitCode(of("dry-run")), handoverExitCode(of("dry-run", false))]).toEqual([0, 2]);
});

test("a failure is one line: its causes only where it is not a sentence already", () => {
  const cause = new Error("ENOENT");
  expect(oneLine(new Error("cannot read x", { cause }))).toBe("cannot read x: ENOENT");
  expect(oneLine(new Error("x is not there. Create it.", { cause }))).toBe("x is not there. Create it.");
  expect(oneLine(new Error("two\n  lines"))).toBe("two lines");
});
