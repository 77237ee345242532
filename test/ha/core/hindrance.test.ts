import { expect, test } from "vitest";
import { givenAwayMax, hindranceOf } from "../../../ha/core/hindrance.ts";
import { withRemote } from "../../../ha/core/member.ts";
import { atWork, feed, member } from "./pair.ts";

function primary() {
  const pair = atWork();
  return { pair, a: withRemote(member(pair, "a"), "b", { fit: true, lastHeardMs: pair.nowMs }) };
}

test("a peer that is heard, in sync and fit is no hindrance", () => {
  const { pair, a } = primary();
  expect(a.phase.kind).toBe("primary");
  expect(hindranceOf(a, 0, pair.nowMs)).toBeNull();
});

test("nobody is given the lease who is absent, silent, behind or unfit, and nobody too often", () => {
  const { pair, a } = primary();
  expect(hindranceOf({ ...a, peer: null }, 0, pair.nowMs)).toBe("there is no other node");
  expect(hindranceOf(a, 0, pair.nowMs + a.voter.timing.leaseMs + 1)).toBe("b is not heard from");
  expect(hindranceOf({ ...a, remotes: {} }, 0, pair.nowMs)).toBe("b is not heard from");
  expect(hindranceOf(withRemote(a, "b", { fit: false }), 0, pair.nowMs)).toBe("b is not fit to lead");
  expect(hindranceOf(a, givenAwayMax, pair.nowMs)).toMatch(/given away 3 times within this hour/);
  feed(pair, "a", { kind: "shrink" });
  const alone = withRemote(member(pair, "a"), "b", { fit: true, lastHeardMs: pair.nowMs });
  expect(hindranceOf(alone, 0, pair.nowMs)).toBe("b does not hold everything confirmed");
});
