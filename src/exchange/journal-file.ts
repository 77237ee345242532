import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** An append-only file of JSON lines; what `append` returned from is on disk. */
export type JournalFile = { append(entry: unknown): void; close(): void };

/**
 * Opens the file, hands every whole line to `onEntry` and cuts off a last line that a crash has torn.
 * Throws when a line before the last is not JSON: that file was not written by us.
 */
export function openJournalFile(path: string, onEntry: (entry: unknown) => void): JournalFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, "a+", 0o600);
  const content = readFileSync(path);
  const wholeBytes = content.lastIndexOf(0x0a) + 1;
  const lines = content.subarray(0, wholeBytes).toString("utf8").split("\n").slice(0, -1);
  for (const [index, line] of lines.entries()) {
    try {
      onEntry(JSON.parse(line));
    } catch (cause) {
      closeSync(fd);
      throw new Error(`${path}: line ${index + 1} cannot be read`, { cause });
    }
  }
  if (wholeBytes < content.length) ftruncateSync(fd, wholeBytes);
  fsyncSync(fd);
  syncFolder(dirname(path));
  return {
    append: (entry) => {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      for (let written = 0; written < line.length;) written += writeSync(fd, line, written);
      fdatasyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}

// A new file's name is durable only once its folder is.
function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  fsyncSync(fd);
  closeSync(fd);
}
