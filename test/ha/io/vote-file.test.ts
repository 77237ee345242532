import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { VoterRecord } from "../../../ha/core/messages.ts";
import { VoteFile, createVotes, readVotes, voteFilePath } from "../../../ha/io/vote-file.ts";
import { SLOT_BYTES, encodeSlot, newestVote } from "../../../ha/io/vote-slots.ts";
import { anyRecord } from "./messages.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-votes-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const vote = (epoch: number): VoterRecord => ({
  epoch,
  holder: "node-a",
  released: false,
  sync: { inSync: ["node-a", "node-b"], paused: false, setEpoch: epoch, setVersion: 1 },
});

/** A file whose slot 0 has generation 3 and whose slot 1 has generation 4. */
const older = vote(3);
const newer = vote(4);
const wholeFile = () => Buffer.concat([encodeSlot(older, 3n), encodeSlot(newer, 4n)]);

describe("the slots of a vote file", () => {
  test("any record is read back, and of two the newer one", () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (first, second) => {
        const file = Buffer.concat([encodeSlot(first, 8n), encodeSlot(second, 9n)]);
        expect(newestVote(file)).toEqual({ slot: 1, generation: 9n, record: second });
        const turned = Buffer.concat([encodeSlot(first, 10n), encodeSlot(second, 9n)]);
        expect(newestVote(turned)).toEqual({ slot: 0, generation: 10n, record: first });
      }),
    );
  });

  test("a write torn at any byte leaves the older or the newer record, never nonsense", () => {
    const before = wholeFile();
    const written = encodeSlot(vote(5), 5n);
    for (let torn = 0; torn <= SLOT_BYTES; torn += 1) {
      const file = Buffer.concat([written.subarray(0, torn), before.subarray(torn)]);
      const found = newestVote(file)?.record;
      expect([newer, vote(5)], `torn at ${torn}`).toContainEqual(found);
    }
  });

  test("a write whose sectors reached the disk in any order leaves the older or the newer record", () => {
    const before = wholeFile();
    const written = encodeSlot(vote(5), 5n);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }), (arrived) => {
        const file = Buffer.from(before);
        arrived.forEach((there, part) => {
          if (there) written.copy(file, part * 8, part * 8, part * 8 + 8);
        });
        expect([newer, vote(5)]).toContainEqual(newestVote(file)?.record);
      }),
    );
  });

  test("a damaged byte anywhere leaves one of the two records", () => {
    const whole = wholeFile();
    for (let at = 0; at < whole.length; at += 1) {
      const file = Buffer.from(whole);
      file[at]! ^= 0x5a;
      expect([older, newer], `byte ${at}`).toContainEqual(newestVote(file)?.record);
    }
  });

  test("a file cut at any byte has a record only where a whole slot is left", () => {
    const whole = wholeFile();
    const json = Buffer.byteLength(JSON.stringify(newer));
    for (let length = 0; length <= whole.length; length += 1) {
      const found = newestVote(whole.subarray(0, length));
      const expected = length >= SLOT_BYTES + 52 + json ? newer : length >= 52 + json ? older : undefined;
      expect(found?.record, `${length} bytes`).toEqual(expected);
    }
  });
});

describe("the vote file", () => {
  test("an absent file, or an absent folder, is a blank voter", async () => {
    expect(await readVotes(dir)).toBeNull();
    expect(await readVotes(join(dir, "nowhere"))).toBeNull();
    const votes = await VoteFile.open(dir);
    expect(votes.record).toBeNull();
    await votes.close();
  });

  test("a first record is made once, for this user only, and never overwritten", async () => {
    await createVotes(dir, vote(1));
    expect(await readVotes(dir)).toEqual(vote(1));
    expect(statSync(voteFilePath(dir)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(voteFilePath(dir))).mode & 0o777).toBe(0o700);
    await expect(createVotes(dir, vote(2))).rejects.toThrow("has a record already");
    expect(await readVotes(dir)).toEqual(vote(1));
    expect(readdirSync(dirname(voteFilePath(dir)))).toEqual(["record"]);
  });

  test("a damaged file is not blank: it is refused, and not overwritten either", async () => {
    mkdirSync(dirname(voteFilePath(dir)), { recursive: true });
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(2 * SLOT_BYTES), Buffer.from("not a vote")]) {
      writeFileSync(voteFilePath(dir), bytes);
      await expect(readVotes(dir)).rejects.toThrow("both copies of this voter's record are damaged");
      await expect(VoteFile.open(dir)).rejects.toThrow("must not vote");
      await expect(createVotes(dir, vote(1))).rejects.toThrow("has a record already");
    }
  });

  test("what a write resolved is there for the next run, and a blank voter's first write makes the file", async () => {
    const votes = await VoteFile.open(dir);
    for (let epoch = 1; epoch <= 5; epoch += 1) {
      await votes.write(vote(epoch));
      expect(votes.record).toEqual(vote(epoch));
      expect(await readVotes(dir)).toEqual(vote(epoch));
      expect(readFileSync(voteFilePath(dir)).length).toBe(2 * SLOT_BYTES);
    }
    await votes.close();
    const again = await VoteFile.open(dir);
    expect(again.record).toEqual(vote(5));
    await again.write(vote(6));
    await again.close();
    expect(await readVotes(dir)).toEqual(vote(6));
  });

  test("a write goes to the slot with the older record", async () => {
    await createVotes(dir, vote(1));
    const votes = await VoteFile.open(dir);
    await votes.write(vote(2));
    const oneLater = readFileSync(voteFilePath(dir));
    await votes.write(vote(3));
    const twoLater = readFileSync(voteFilePath(dir));
    await votes.close();
    expect(twoLater.subarray(0, SLOT_BYTES)).toEqual(oneLater.subarray(0, SLOT_BYTES));
    expect(twoLater.subarray(SLOT_BYTES)).not.toEqual(oneLater.subarray(SLOT_BYTES));
  });

  test("many writes at once: all resolve, in order, and the last one stands", async () => {
    const votes = await VoteFile.open(dir);
    const resolved: number[] = [];
    const epochs = Array.from({ length: 100 }, (_, n) => n + 1);
    await Promise.all(epochs.map((epoch) => votes.write(vote(epoch)).then(() => resolved.push(epoch))));
    expect(resolved).toEqual(epochs);
    await votes.close();
    expect(await readVotes(dir)).toEqual(vote(100));
    await expect(votes.write(vote(101))).rejects.toThrow("closed");
  });

  test("a write that fails rejects and leaves the last durable record", async () => {
    const votes = await VoteFile.open(dir);
    await votes.write(vote(1));
    await expect(votes.write({ ...vote(2), epoch: -1 })).rejects.toThrow();
    expect(votes.record).toEqual(vote(1));
    await votes.write(vote(3));
    await votes.close();
    expect(await readVotes(dir)).toEqual(vote(3));
  });
});
