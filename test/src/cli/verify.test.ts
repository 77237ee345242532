import { expect, test } from "vitest";
import { verdict } from "../../../src/cli/verify.ts";

const ended = { node: "uno-b", step: null, ended: 1 } as const;

test("a verification ends in one sentence: what was compared, or what to do, or why nothing is known", () => {
  const sound = { kind: "sound", epoch: 5, txid: 77, rows: 1_234, bytes: 2_400_000 } as const;
  expect(verdict({ ...ended, last: { outcome: sound, tookMs: 1_490 } })).toBe(
    "Verified: the copy on uno-b was restored, is sound, and is what the primary has at 5/77 (1234 rows, 2.3 MB, in 1.5 s).",
  );
  const damaged = { kind: "damaged", epoch: 5, txid: 77, reason: "it is torn" } as const;
  expect(verdict({ ...ended, last: { outcome: damaged, tookMs: 9 } })).toBe(
    "Damaged: the copy on uno-b at 5/77: it is torn. Replace it, on uno-b: trader reinit uno-b",
  );
  const undone = { kind: "undone", reason: "uno-a is not heard from" } as const;
  expect(verdict({ ...ended, last: { outcome: undone, tookMs: 9 } })).toBe("Not verified: uno-a is not heard from.");
  expect(verdict({ ...ended, last: null })).toBe("Not verified: its agent was started anew meanwhile.");
});
