import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Who may read the date, and for what: dates that people read, and what ends on a date. */
const readers: Readonly<Record<string, string>> = {
  "control-app.ts": "the end of a join token",
  "agent-history.ts": "when something happened",
  "node-parts.ts": "when a copy was last verified, for the next time",
  "node-disk.ts": "the name of a folder in the attic",
  "io/join-call.ts": "how far a joiner's date is from the founder's",
  "link/link.ts": "the end of a join token",
  "io/durable-file.ts": "the age of a lock that a killed command left behind",
};

test("[complaint 5] the wall clock decides nothing about lease, replica and roles: whoever reads it is named here", () => {
  const files = readdirSync(join(root, "ha"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  expect(files.length).toBeGreaterThan(60);
  const found = files.filter((file) => /\bDate\.now\b|new Date\(\)/.test(readFileSync(join(root, "ha", file), "utf8")));
  expect(found.filter((file) => readers[file] === undefined)).toEqual([]);
});
