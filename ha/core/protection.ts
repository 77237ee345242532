import type { AgentView } from "./health.ts";
import type { ArbiterKind } from "./messages.ts";

/**
 * `strict`: two primaries never. `heuristic`: a cut of the two boards only from each other can make two. `manual`:
 * strict, and nobody takes over by itself. `none`: one board.
 */
export type Protection = "strict" | "heuristic" | "manual" | "none";

export const protectionOf: Readonly<Record<ArbiterKind, Protection>> = {
  witness: "strict",
  reachability: "heuristic",
  manual: "manual",
  standalone: "none",
};

type Seen = Pick<AgentView, "protection" | "peer" | "inSync" | "arbiter" | "paused">;

/** What the pair cannot survive as things are now: one or two sentences for everybody who is shown the protection. */
export function limitsOf(view: Seen): string {
  const { protection, peer, inSync, arbiter, paused } = view;
  if (protection === "none") return "This is one board: when it dies, nothing carries on.";
  if (peer === null) return "There is no second board yet: when this one dies, nothing carries on.";
  if (paused) return "Maintenance is on: when the primary dies, nobody takes over by itself.";
  const both = inSync.length >= 2 && peer.reachable;
  if (!both) return "The other board does not hold everything now: when this one dies, trading stops.";
  if (protection === "manual")
    return 'When the primary dies, trading stops until somebody runs "trader failover" on the other board.';
  if (arbiter?.reachable !== true)
    return protection === "strict"
      ? "The third vote is missing: if a board dies now, trading stops."
      : "Not every target of the network answers: if a board dies now, trading stops.";
  if (protection === "strict")
    return "Any one of the three may die. Two at once: trading stops, and nothing is lost or doubled.";
  return (
    "Either board may die. Cut only from each other, both boards lead until they meet again: " +
    "then one of them sets aside what it wrote meanwhile."
  );
}
