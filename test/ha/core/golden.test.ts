import { expect, test } from "vitest";
import type { Message } from "../../../ha/core/messages.ts";
import { atWork, createPair, feed, isPrimary, pass, start, stop, timing } from "./pair.ts";
import type { Pair } from "./pair.ts";

/** Without the beat of renewals and greetings that change nothing. */
function transcript(pair: Pair, title: string): { readonly lines: string[]; readonly note: (text: string) => void } {
  const originMs = pair.nowMs;
  const lines = [title, ""];
  const told = new Map<string, string>();
  const add = (text: string): number =>
    lines.push(`${((pair.nowMs - originMs) / 1_000).toFixed(3).padStart(7)}  ${text}`);
  pair.tell = (line, kind, message) => {
    if (kind !== "message" || message === undefined || isNews(pair, told, message, line))
      add(kind === "event" ? `-- ${line}` : line);
  };
  return { lines, note: (text) => add(`-- ${text}`) };
}

function isNews(pair: Pair, told: Map<string, string>, message: Message, line: string): boolean {
  if (message.kind !== "request" && message.kind !== "reply") return true;
  const asker = pair.members[message.kind === "request" ? message.from : message.to]?.phase.kind;
  const bid = message.purpose === "ask" && asker === "asking";
  const key = `${message.from}${message.to}${message.kind}${message.purpose}`;
  const known = told.get(key) === line;
  told.set(key, line);
  return !known || bid;
}

const golden = async (name: string, lines: readonly string[]): Promise<void> =>
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name}.txt`);

const { leaseMs } = timing;

test("a failover reads as documented", async () => {
  const pair = atWork();
  const { lines, note } = transcript(
    pair,
    "Failover: the primary a dies; b holds everything and stands when its own promise to a has ended.",
  );
  stop(pair, "a");
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  pass(pair, 300);
  note("b alone is in sync, and the witness knows: b may confirm alone");
  await golden("failover", lines);
});

test("a switchover reads as documented", async () => {
  const pair = atWork();
  const { lines, note } = transcript(pair, "Switchover: a has drained its app and gives the lease to b.");
  note("the app of a is drained and dead, everything is confirmed");
  feed(pair, "a", { kind: "release", successor: "b" });
  pass(pair, leaseMs, () => isPrimary(pair, "b"));
  pass(pair, 300);
  await golden("switchover", lines);
});

test("a restart within the lease reads as documented", async () => {
  const pair = atWork();
  const { lines, note } = transcript(pair, "Restart within the lease: a goes on with its epoch, and b never stands.");
  stop(pair, "a");
  pass(pair, 1_200);
  start(pair, "a");
  pass(pair, leaseMs);
  note("a is primary of the same epoch");
  await golden("restart-within-the-lease", lines);
});

test("a rejoin reads as documented", async () => {
  const pair = atWork();
  stop(pair, "a");
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  pass(pair, leaseMs);
  const { lines, note } = transcript(
    pair,
    "Rejoin: b leads alone; the old primary a returns, is a standby, catches up, joins, and is cut off again.",
  );
  start(pair, "a");
  pass(pair, leaseMs);
  note("b stops confirming alone; a has acknowledged everything from its present disk");
  feed(pair, "b", { kind: "expand" });
  pass(pair, 600);
  note("a does not receive any more: b goes on alone as soon as another voter has recorded it");
  feed(pair, "b", { kind: "shrink" });
  pass(pair, 300);
  await golden("rejoin", lines);
});

test("a failover by the network's word reads as documented", async () => {
  const pair = atWork({}, "reachability");
  const { lines, note } = transcript(
    pair,
    "Reachability: the primary a dies; b was attached, reaches every target, and stands when its promise has ended.",
  );
  stop(pair, "a");
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  note("b may confirm alone when its set is old enough that nobody stands on an older one");
  await golden("reachability-failover", lines);
});

test("two boards cut only from each other read as documented", async () => {
  const pair = atWork({}, "reachability");
  const { lines, note } = transcript(
    pair,
    "Reachability: the boards are cut only from each other and reach the gateway: both lead, until they hear each other.",
  );
  pair.cut = () => true;
  pass(pair, 2 * leaseMs);
  note("the cut is healed");
  pair.cut = () => false;
  pass(pair, 300);
  note("the app of a is dead");
  feed(pair, "a", { kind: "demoted" });
  pass(pair, leaseMs);
  await golden("reachability-cut-and-healed", lines);
});

test("a power cut without a third vote reads as documented", async () => {
  const pair = createPair({}, "reachability");
  const { lines, note } = transcript(
    pair,
    "Reachability: after a power cut a, which led, comes back alone; b does later.",
  );
  start(pair, "a");
  pass(pair, 3 * leaseMs);
  note("a has listened for two leases, and goes on");
  start(pair, "b");
  pass(pair, leaseMs);
  await golden("reachability-power-cut", lines);
});

test("a failover by hand reads as documented", async () => {
  const pair = atWork({}, "manual");
  const { lines, note } = transcript(pair, "Manual: a is dead; b leads by an operator's word, and a follows it.");
  stop(pair, "a");
  pass(pair, 10 * leaseMs);
  note("trader failover --accept-data-loss on b");
  feed(pair, "b", { kind: "force", acceptDataLoss: true });
  pass(pair, leaseMs);
  start(pair, "a");
  pass(pair, leaseMs);
  await golden("manual-failover", lines);
});
