import { assert, integer, property, string } from "fast-check";
import { expect, test } from "vitest";
import { parseReplicaPath } from "../../../ha/link/replica-path.ts";
import { parseRange } from "../../../ha/link/webdav.ts";
import { ltx } from "./cluster.ts";
import { STRANGE_PATHS } from "./strange-paths.ts";

test("the places of a replica are read, with or without a last slash on folders", () => {
  expect(parseReplicaPath("/e/12/")).toMatchObject({ epoch: 12, depth: "epoch", level: null });
  expect(parseReplicaPath("/e/0/ltx")).toMatchObject({ epoch: 0, depth: "ltx" });
  expect(parseReplicaPath("/e/12/ltx/9/")).toMatchObject({ epoch: 12, depth: "level", level: 9, file: null });
  expect(parseReplicaPath(`/e/12/ltx/0/${ltx(10, 31)}`)).toEqual({
    epoch: 12,
    depth: "file",
    level: 0,
    file: { name: "000000000000000a-000000000000001f.ltx", minTxid: 10, maxTxid: 31 },
  });
});

test.each(STRANGE_PATHS)("%s is no place", (path) => {
  expect(parseReplicaPath(path)).toBeNull();
});

test("whatever text is appended to a folder, the result is a plain file name or no place", () => {
  assert(
    property(string({ maxLength: 60, unit: "binary" }), (text) => {
      const place = parseReplicaPath(`/e/1/ltx/0/${text}`);
      if (place?.file) expect(place.file.name).toMatch(/^[0-9a-f]{16}-[0-9a-f]{16}\.ltx$/);
      else if (place !== null) expect(text).toMatch(/^\/?$/);
    }),
  );
});

test("byte ranges stay inside the file", () => {
  expect(parseRange(undefined, 10)).toBeNull();
  expect(parseRange("bytes=2-4", 10)).toEqual({ start: 2, end: 4 });
  expect(parseRange("bytes=-3", 10)).toEqual({ start: 7, end: 9 });
  expect(parseRange("bytes=10-", 10)).toBe("unsatisfiable");
  expect(parseRange("bytes=-0", 10)).toBe("unsatisfiable");
  assert(
    property(integer({ min: 0 }), integer({ min: 0 }), integer({ min: 0, max: 1000 }), (from, to, size) => {
      const range = parseRange(`bytes=${from}-${to}`, size);
      if (range === null || range === "unsatisfiable") return;
      expect(range.start).toBeLessThanOrEqual(range.end);
      expect(range.end).toBeLessThan(size);
    }),
  );
});
