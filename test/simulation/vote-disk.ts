import type { VoterRecord } from "../../ha/core/messages.ts";
import { SLOT_BYTES, encodeSlot } from "../../ha/io/vote-slots.ts";
import type { StoredVote } from "../../ha/io/vote-slots.ts";
import type { Parts } from "./parts.ts";

/** A vote file: its newest record, and what the other slot holds; null: blank. */
export type VoteDisk = { stored: StoredVote | null; other: StoredVote | null };

export const blankVotes = (): VoteDisk => ({ stored: null, other: null });

export const votesOf = (record: VoterRecord): VoteDisk => ({
  other: { slot: 0, generation: 1n, record },
  stored: { slot: 1, generation: 2n, record },
});

/** The record is on the disk, whole. */
export function writeVote(disk: VoteDisk, record: VoterRecord, { nextVote }: Parts): void {
  if (disk.stored === null) {
    Object.assign(disk, votesOf(record));
    return;
  }
  const next = nextVote(disk.stored, record);
  if (next.slot !== disk.stored.slot) disk.other = disk.stored;
  disk.stored = next;
}

/** Power fails in the middle of the write: only the first bytes are new. What is read after that, is there. */
export function tearVote(disk: VoteDisk, record: VoterRecord, bytes: number, { nextVote, newestVote }: Parts): void {
  // A first record is made beside and linked into place.
  if (disk.stored === null) return;
  const next = nextVote(disk.stored, record);
  const file = Buffer.alloc(2 * SLOT_BYTES);
  for (const vote of [disk.other, disk.stored]) {
    if (vote !== null) encodeSlot(vote.record, vote.generation).copy(file, vote.slot * SLOT_BYTES);
  }
  encodeSlot(next.record, next.generation).copy(file, next.slot * SLOT_BYTES, 0, bytes);
  const read = newestVote(file);
  if (read?.slot === disk.stored.slot) disk.other = null;
  else if (read?.slot === next.slot) disk.other = disk.stored;
  disk.stored = read;
}
