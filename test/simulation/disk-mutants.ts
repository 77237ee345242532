import { voterRecordSchema } from "../../ha/io/message-schema.ts";
import { SLOT_BYTES } from "../../ha/io/vote-slots.ts";
import type { StoredVote } from "../../ha/io/vote-slots.ts";
import { withShell } from "./break.ts";
import type { Mutant } from "./mutants.ts";
import { shipped } from "./parts.ts";

/** The vote file read without its checksums: of two slots that can be parsed, the one that calls itself newer. */
function readUnchecked(file: Buffer): StoredVote | null {
  const votes = ([0, 1] as const).flatMap((slot): StoredVote[] => {
    const block = file.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES);
    const text = block.subarray(52).toString("utf8");
    try {
      const record = voterRecordSchema.parse(JSON.parse(text.slice(0, text.lastIndexOf("}") + 1)));
      return [{ slot, generation: block.readBigUInt64BE(8), record }];
    } catch {
      return [];
    }
  });
  return votes.toSorted((a, b) => Number(b.generation - a.generation))[0] ?? null;
}

const powerCuts = ["crash-at-vote", "crash-at-vote", "crash-at-vote", "slow-disk", "power-cut", "cut"] as const;

/** Breakages of what the disk, the clocks and the promotion are trusted with. */
export const diskMutants: readonly Mutant[] = [
  {
    name: "a torn slot of the vote file is taken for whole",
    parts: { ...shipped, newestVote: readUnchecked },
    faults: powerCuts,
  },
  {
    name: "a vote is written over the newest one",
    parts: { ...shipped, nextVote: (stored, record) => ({ ...stored, generation: stored.generation + 1n, record }) },
    faults: powerCuts,
  },
  {
    name: "a node whose vote could not be written goes on",
    parts: withShell({ stopsWhenDiskFails: false }),
    faults: ["failing-disk", "failing-disk", "crash", "cut", "crash-agent", "crash-witness"],
  },
  {
    name: "the app's clock leaves out sleep",
    parts: withShell({ appCountsSleep: false }),
    faults: ["sleep"],
  },
  {
    name: "an old ledger is let go without a look",
    parts: withShell({ keepsTails: false }),
    faults: ["cut", "cut-one-way", "crash", "loss"],
  },
];
