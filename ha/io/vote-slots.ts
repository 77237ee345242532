import { createHash } from "node:crypto";
import type { VoterRecord } from "../core/messages.ts";
import { voterRecordSchema } from "./message-schema.ts";

/**
 * The bytes of a vote file: two slots, each one a block of the disk of its own.
 * A slot: magic (8), generation (8), length of the JSON (4), SHA-256 over generation, length and JSON (32), JSON, zeros.
 * A write goes to the slot with the older record, so whatever happens to it, the other one is whole.
 */
export const SLOT_BYTES = 4_096;
const MAGIC = Buffer.from("ATVOTES1", "latin1");
const HEADER_BYTES = 52;

/** One record as it stands in the file; the higher `generation` is the newer one. */
export type StoredVote = { readonly slot: 0 | 1; readonly generation: bigint; readonly record: VoterRecord };

/** The block of one slot; throws on a record that would not be read back. */
export function encodeSlot(record: VoterRecord, generation: bigint): Buffer {
  const json = Buffer.from(JSON.stringify(voterRecordSchema.parse(record)), "utf8");
  if (HEADER_BYTES + json.length > SLOT_BYTES) throw new Error("the vote does not fit its slot");
  const block = Buffer.alloc(SLOT_BYTES);
  MAGIC.copy(block, 0);
  block.writeBigUInt64BE(generation, 8);
  block.writeUInt32BE(json.length, 16);
  checksum(block.subarray(8, 20), json).copy(block, 20);
  json.copy(block, HEADER_BYTES);
  return block;
}

/** Where a record goes: the slot that does not hold the newest one, which is whole whatever happens to the write. */
export const nextVote = ({ slot, generation }: StoredVote, record: VoterRecord): StoredVote => ({
  slot: slot === 0 ? 1 : 0,
  generation: generation + 1n,
  record,
});

/** The newest whole record of a vote file's bytes; null when neither slot is whole. Never throws. */
export function newestVote(file: Buffer): StoredVote | null {
  const first = decodeSlot(file.subarray(0, SLOT_BYTES), 0);
  const second = decodeSlot(file.subarray(SLOT_BYTES, 2 * SLOT_BYTES), 1);
  if (first === null || second === null) return first ?? second;
  return first.generation > second.generation ? first : second;
}

function decodeSlot(block: Buffer, slot: 0 | 1): StoredVote | null {
  if (block.length < HEADER_BYTES || !block.subarray(0, 8).equals(MAGIC)) return null;
  const json = block.subarray(HEADER_BYTES, HEADER_BYTES + block.readUInt32BE(16));
  if (!checksum(block.subarray(8, 20), json).equals(block.subarray(20, HEADER_BYTES))) return null;
  const parsed = voterRecordSchema.safeParse(parseJson(json));
  return parsed.success ? { slot, generation: block.readBigUInt64BE(8), record: parsed.data } : null;
}

const checksum = (head: Buffer, json: Buffer): Buffer => createHash("sha256").update(head).update(json).digest();

function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8"));
  } catch {
    return undefined;
  }
}
