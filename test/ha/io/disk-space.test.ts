import { expect, test } from "vitest";
import { DiskSpace } from "../../../ha/io/disk-space.ts";

const marks = { lowBytes: 100, enoughBytes: 200 };

test("little room is said with what is left, until there is clearly enough again", async () => {
  let free: number | null = 150;
  const space = new DiskSpace("/data", () => Promise.resolve(free), marks);
  const at = async (bytes: number | null): Promise<boolean> => {
    free = bytes;
    await space.look();
    return space.low !== null;
  };
  expect([await at(150), await at(99), await at(150), await at(200), await at(150)]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
  expect(await at(0)).toBe(true);
  expect(space.low).toBe("the disk is full: 0.0 MB are left for /data");
  // A system that does not say changes nothing.
  expect(await at(null)).toBe(true);
});

test("a disk that does not answer is asked once", async () => {
  let asked = 0;
  const answer = Promise.withResolvers<number | null>();
  const space = new DiskSpace("/data", () => ((asked += 1), answer.promise), marks);
  const looks = [space.look(), space.look()];
  expect(asked).toBe(1);
  answer.resolve(1);
  await Promise.all(looks);
  expect(space.low).not.toBeNull();
});

test("the room of a real folder is measured", async () => {
  const space = new DiskSpace("/", undefined, { lowBytes: Number.MAX_SAFE_INTEGER, enoughBytes: 0 });
  await space.look();
  expect(space.low).toMatch(/^the disk is full: \d+\.\d MB are left for \/$/);
});
