import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the content of a file durable; its name is the folder's affair. */
export function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
