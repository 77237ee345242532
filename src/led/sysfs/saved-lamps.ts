import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const savedLamps = z.record(
  z.string().regex(/^[\w:-]+$/),
  z.object({ trigger: z.string().regex(/^[\w.:-]+$/), brightness: z.int().nonnegative() }),
);
/** By folder name: what each LED did before it was taken. */
export type SavedLamps = z.infer<typeof savedLamps>;

/** What an earlier run noted and did not put back; empty when it did, or when the file cannot be read. */
export function readSaved(file: string): SavedLamps {
  try {
    return savedLamps.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}

/** Resolves after the note survives a power cut: only then may a trigger be changed. */
export function writeSaved(file: string, saved: SavedLamps): void {
  const temporary = `${file}.tmp`;
  writeSynced(temporary, JSON.stringify(saved));
  renameSync(temporary, file);
  syncPath(dirname(file));
}

export function dropSaved(file: string): void {
  if (!existsSync(file)) return;
  rmSync(file, { force: true });
}

function writeSynced(path: string, text: string): void {
  const fd = openSync(path, "w", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncPath(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
