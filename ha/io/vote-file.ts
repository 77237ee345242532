import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { VoterRecord } from "../core/messages.ts";
import { errorCode } from "./durable-file.ts";
import { SLOT_BYTES, type StoredVote, encodeSlot, newestVote, nextVote } from "./vote-slots.ts";

/** Where a voter of data directory `dir` keeps its record. */
export const voteFilePath = (dir: string): string => join(dir, "votes", "record");

/**
 * The record of the voter with data directory `dir`; null means blank: it never had one.
 * Throws where there was one that cannot be read: forgetting a promise is not the same as having given none.
 */
export async function readVotes(dir: string): Promise<VoterRecord | null> {
  return (await readStored(dir))?.record ?? null;
}

/** Durably makes a blank voter's first record; throws where there is one already, whole or damaged. */
export async function createVotes(dir: string, record: VoterRecord): Promise<void> {
  const path = voteFilePath(dir);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await writeAll(file, Buffer.concat([encodeSlot(record, 1n), encodeSlot(record, 2n)]), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link, not a rename: it fails where a record exists.
    await link(temporary, path).catch((cause: unknown) => {
      if (errorCode(cause) !== "EEXIST") throw cause;
      throw new Error(`${path}: this voter has a record already; it was left as it is`, { cause });
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };

/**
 * The record of one running voter. The loop never blocks: everything is done by the thread pool, one write at a time.
 * One process has it open at a time; the agent sees to that.
 */
export class VoteFile {
  readonly #dir: string;
  #file: FileHandle | null = null;
  #stored: StoredVote | null = null;
  #next: { record: VoterRecord; waiters: Waiter[] } | null = null;
  #draining: Promise<void> | null = null;
  #closed = false;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Opens the record of data directory `dir`, which may be blank; throws as `readVotes` does. */
  static async open(dir: string): Promise<VoteFile> {
    const votes = new VoteFile(dir);
    votes.#stored = await readStored(dir);
    if (votes.#stored !== null) votes.#file = await open(voteFilePath(dir), constants.O_RDWR);
    return votes;
  }

  /** The newest durable record; null while this voter is blank. */
  get record(): VoterRecord | null {
    return this.#stored?.record ?? null;
  }

  /**
   * Resolves once `record`, or one written after it, is on the disk; rejects when it may not be, and then the last
   * durable one is still whole. Records that wait for the disk are overtaken by newer ones, so none queues up.
   */
  write(record: VoterRecord): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("the vote file is closed"));
    return new Promise((resolve, reject) => {
      const waiters = [...(this.#next?.waiters ?? []), { resolve, reject }];
      this.#next = { record, waiters };
      this.#draining ??= this.#drain();
    });
  }

  /** Finishes what is being written and closes the file. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#file?.close();
    this.#file = null;
  }

  async #drain(): Promise<void> {
    while (this.#next !== null) {
      const { record, waiters } = this.#next;
      this.#next = null;
      try {
        await this.#store(record);
        for (const waiter of waiters) waiter.resolve();
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.#draining = null;
  }

  async #store(record: VoterRecord): Promise<void> {
    if (this.#stored === null || this.#file === null) {
      await createVotes(this.#dir, record);
      this.#file = await open(voteFilePath(this.#dir), constants.O_RDWR);
      this.#stored = { slot: 1, generation: 2n, record };
      return;
    }
    // After a failed write the slot stays the same: the other one has the last record that is certainly durable.
    const next = nextVote(this.#stored, record);
    await writeAll(this.#file, encodeSlot(record, next.generation), next.slot * SLOT_BYTES);
    await this.#file.datasync();
    this.#stored = next;
  }
}

async function readStored(dir: string): Promise<StoredVote | null> {
  const path = voteFilePath(dir);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return null;
    throw new Error(`${path}: this voter's record cannot be read (${errorCode(cause) ?? "unknown error"})`, { cause });
  }
  const stored = newestVote(bytes);
  if (stored !== null) return stored;
  throw new Error(
    `${path}: both copies of this voter's record are damaged. What it promised is unknown, so it must not vote. ` +
      `Move the file away to make it a blank voter, which the primary then enrols again.`,
  );
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
