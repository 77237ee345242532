import pino from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import type { Member, Roster } from "../../ha/io/node-files.ts";
import { roomRefusal, rosterBytesMax, twinRefusal } from "../../ha/members.ts";
import { nextVersion, rosterChange, RosterKeeper } from "../../ha/roster-keeper.ts";

const board = (name: string, id = name): Member => ({
  name,
  id: id.padEnd(16, "0"),
  kind: name === "w" ? "witness" : "node",
  host: `10.0.0.${name.charCodeAt(0)}`,
  agentPort: 8008,
});
const rosterOf = (version: number, ...members: Member[]): Roster => ({
  version,
  arbiter: { kind: "witness", targets: [] },
  members,
});
const [a, b, w] = [board("a"), board("b"), board("w")];
const by = ({ id }: Member, roster = 0) => ({ id, roster });

let written: Roster[];
let changed: Roster[];
let broken: boolean;
let keeper: RosterKeeper;
beforeEach(() => {
  written = [];
  changed = [];
  broken = false;
  keeper = new RosterKeeper({
    roster: rosterOf(7, a, b, w),
    write: (roster) => {
      if (broken) throw new Error("no space");
      written.push(roster);
    },
    self: a,
    changed: (roster) => changed.push(roster),
    log: pino({ level: "silent" }),
  });
});

describe("a roster", () => {
  test("is replaced by a newer one only, durable before it is in force", () => {
    expect(keeper.take(rosterOf(7, a))).toBe(false);
    expect(keeper.take(rosterOf(6, a))).toBe(false);
    broken = true;
    expect(() => keeper.take(rosterOf(8, a, w))).toThrow("no space");
    expect([keeper.current.version, changed.length]).toEqual([7, 0]);
    broken = false;
    expect(keeper.take(rosterOf(8, a, w))).toBe(true);
    expect([written, changed, keeper.current.version]).toEqual([[rosterOf(8, a, w)], [rosterOf(8, a, w)], 8]);
  });

  test("with a member's new address has everything else as it was, and no two members at one address", () => {
    const moved = rosterChange(rosterOf(7, a, b, w), { kind: "address", name: "b", host: "10.9.9.9" }, a);
    expect(moved).toEqual({ members: [a, { ...b, host: "10.9.9.9" }, w] });
    expect(twinRefusal(rosterOf(7, a, b, w))).toBeNull();
    expect(twinRefusal(rosterOf(7, a, { ...b, host: a.host }, w))).toBe(
      "a and b would both have the address 10.0.0.97:8008.",
    );
  });

  test("that a successor made is newer than any that its predecessor made and told nobody", () => {
    const [ofFive, ofSix] = [nextVersion(rosterOf(5_000_003), 5), nextVersion(rosterOf(5_000_003), 6)];
    expect([ofFive, ofSix]).toEqual([5_000_004, 6_000_000]);
    expect(nextVersion(rosterOf(ofFive), 5)).toBeLessThan(ofSix);
    expect(nextVersion(rosterOf(ofSix), 6)).toBe(6_000_001);
  });

  test("is taken from a member, or from one that the newer roster makes one, and from nobody else", () => {
    const stranger = board("c");
    expect(keeper.offered("c", by(stranger), rosterOf(8, a, b))).toBe(false);
    expect(keeper.offered("b", by(board("b", "other")), rosterOf(8, a, w))).toBe(false);
    expect(keeper.offered("c", by(stranger), rosterOf(8, a, stranger))).toBe(true);
    expect(keeper.offered("c", by(stranger), rosterOf(9, a, b, w))).toBe(true);
  });
});

describe("a member", () => {
  test("is known by its name and its key: another board of that name is none", () => {
    expect(keeper.admits("b", by(b))).toBe(true);
    expect(keeper.admits("b", by(board("b", "other")))).toBe(false);
    expect(keeper.admits("c", by(board("c")))).toBe(false);
  });

  test("that is missing from a newer roster is retired: it says why, and takes nobody's word", () => {
    expect(keeper.retired).toBeNull();
    keeper.offered("b", by(b), rosterOf(8, b, w));
    expect(keeper.retired).toMatch(/^a was retired from the cluster \(roster 8\)/);
    expect(keeper.admits("b", by(b))).toBe(false);
  });

  test("whose name another board has now is retired too", () => {
    keeper.take(rosterOf(8, board("a", "other"), b, w));
    expect(keeper.retired).toMatch(/^another board has the name a now/);
  });

  test("is up to date by its own word, which a replacement under its name does not inherit", () => {
    expect(keeper.versionOf("b")).toBe(-1);
    keeper.heard("b", by(b, 7));
    keeper.heard("b", by(b, 6));
    expect(keeper.versionOf("b")).toBe(7);
    keeper.take(rosterOf(8, a, board("b", "other"), w));
    expect(keeper.versionOf("b")).toBe(-1);
  });
});

describe("room in a roster", () => {
  const pair = rosterOf(7, a, b, w);
  test.each([
    [board("b", "other"), /already has a member named b\. .*trader retire b\.$/],
    [board("c"), /already has its two nodes: a and b\. .*trader retire NAME\.$/],
    [{ ...w, name: "v", id: "v".repeat(16) }, /already has its witness: w\./],
  ])("%j is refused with the command that makes room", (member, why) => {
    expect(roomRefusal(pair, member)).toMatch(why);
  });

  test("a taken address is refused, and a roster that no datagram carries; one that asks again is no stranger", () => {
    const alone = rosterOf(7, a, w);
    expect(roomRefusal(alone, { ...b, host: a.host })).toMatch(/^a already has the address/);
    expect(roomRefusal(alone, { ...b, host: "h".repeat(rosterBytesMax) })).toMatch(/too long/);
    expect(roomRefusal(alone, b)).toBeNull();
    expect(roomRefusal(pair, { ...b, host: "10.9.9.9" })).toBeNull();
  });
});
