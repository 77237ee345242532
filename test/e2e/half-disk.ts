import { spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadyNode } from "./demo-process.ts";
import { errorCode } from "../../ha/io/durable-file.ts";

const succeeds = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0;
const mount = (folder: string, sizeMb: number): boolean =>
  succeeds("mount", "-t", "tmpfs", "-o", `size=${sizeMb}m,mode=0700`, "tmpfs", folder);
const unmount = (folder: string): boolean => succeeds("umount", "-l", folder);

/** Why no small disk can be made here; null when one can. */
export function smallDiskMissing(): string | null {
  if (process.getuid?.() !== 0) return "mounting a small disk needs root";
  const folder = mkdtempSync(join(tmpdir(), "half-disk-"));
  try {
    if (!mount(folder, 1)) return "this machine mounts no tmpfs";
    unmount(folder);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The data directory of a dead node, moved to a small disk of its own. */
export class SmallDisk {
  readonly #folder: string;

  constructor(node: ReadyNode, sizeMb: number) {
    this.#folder = node.dataDir;
    const before = `${node.dataDir}.before`;
    renameSync(node.dataDir, before);
    mkdirSync(node.dataDir, { mode: 0o700 });
    if (!mount(node.dataDir, sizeMb)) throw new Error(`no tmpfs on ${node.dataDir}`);
    cpSync(before, node.dataDir, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  }

  /** Writes until not one byte more fits. */
  fill(): void {
    const fd = openSync(join(this.#folder, "ballast"), "a");
    try {
      for (const size of [1024 * 1024, 4096, 1]) {
        const block = Buffer.alloc(size, 1);
        try {
          for (;;) if (writeSync(fd, block) < size) break;
        } catch (error) {
          if (errorCode(error) !== "ENOSPC") throw error;
        }
      }
    } finally {
      closeSync(fd);
    }
  }

  free(): void {
    rmSync(join(this.#folder, "ballast"), { force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  remove(): void {
    unmount(this.#folder);
  }
}
