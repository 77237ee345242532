import type { ArbiterKind, Name } from "../../../ha/core/messages.ts";
import { createPair, isPrimary, record, sync } from "./pair.ts";
import type { Pair } from "./pair.ts";

export const everything = (): boolean => true;
export const leaders = (pair: Pair): readonly Name[] => ["a", "b"].filter((name) => isPrimary(pair, name));
/** What is done in this pair from now on. */
export const reasonsOf = (pair: Pair): string[] => {
  const reasons: string[] = [];
  pair.tell = (line, kind) => {
    if (kind === "act") reasons.push(line);
  };
  return reasons;
};

/** Both off; the disks say that a leads epoch 1, and that both hold everything. */
export const afterPowerCut = (kind: ArbiterKind): Pair => createPair({}, kind);
/** Both off; b has led epoch 2 alone after a died. */
export const afterTakeover = (kind: ArbiterKind): Pair =>
  createPair({ a: record(1, "a", sync(["a", "b"], 1, 2)), b: record(2, "b", sync(["b"], 2, 1)) }, kind);
/** Both off; a drained, everything was confirmed, and a released; b has heard it. */
export const afterRelease = (kind: ArbiterKind): Pair => {
  const released = record(1, "a", sync(["a", "b"], 1, 2), true);
  return createPair({ a: released, b: released }, kind);
};
