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
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadyNode } from "./demo-process.ts";
import { errorCode } from "../../ha/io/durable-file.ts";

const succeeds = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0;
/** Mounts a tmpfs of this size there; false where that is not possible. */
export const mountSmallDisk = (folder: string, sizeMb: number): boolean =>
  succeeds("mount", "-t", "tmpfs", "-o", `size=${sizeMb}m,mode=0700`, "tmpfs", folder);
/** Takes away what is mounted there, at once. */
export const unmount = (folder: string): boolean => succeeds("umount", "-l", folder);

/** Why no small disk can be made here; null when one can. */
export function smallDiskMissing(): string | null {
  if (process.getuid?.() !== 0) return "mounting a small disk needs root";
  const folder = mkdtempSync(join(tmpdir(), "half-disk-"));
  try {
    if (!mountSmallDisk(folder, 1)) return "this machine mounts no tmpfs";
    unmount(folder);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Moves the data directory of a dead node to another disk, which is mounted in its place. */
function moveData(node: ReadyNode, mountOn: (folder: string) => boolean): void {
  const before = `${node.dataDir}.before`;
  renameSync(node.dataDir, before);
  mkdirSync(node.dataDir, { mode: 0o700 });
  if (!mountOn(node.dataDir)) throw new Error(`no other disk on ${node.dataDir}`);
  cpSync(before, node.dataDir, { recursive: true, filter: (path) => !path.endsWith(".sock") });
}

/** The data directory of a dead node, moved to a disk that goes read-only as one does that met too many errors. */
export class FailingDisk {
  readonly #folder: string;
  readonly #image: string;

  constructor(node: ReadyNode, sizeMb: number) {
    this.#folder = node.dataDir;
    this.#image = `${node.dataDir}.img`;
    writeFileSync(this.#image, "");
    truncateSync(this.#image, sizeMb * 1024 * 1024);
    if (!succeeds("mkfs.ext4", "-q", "-F", this.#image)) throw new Error("no ext4 can be made");
    moveData(node, (folder) => this.#mountOn(folder));
  }

  /** Nothing is written any more, whoever has files open. */
  fail(): void {
    if (!succeeds("mount", "-o", "remount,abort", this.#folder)) throw new Error("the disk does not fail");
  }

  /** As after a check of the disk; nobody may have files open there. */
  mend(): void {
    this.remove();
    succeeds("e2fsck", "-fy", this.#image);
    if (!this.#mountOn(this.#folder)) throw new Error("the disk does not come back");
  }

  remove(): void {
    unmount(this.#folder);
  }

  #mountOn(folder: string): boolean {
    return succeeds("mount", "-o", "loop", this.#image, folder);
  }
}

/** The data directory of a dead node, moved to a small disk of its own. */
export class SmallDisk {
  readonly #folder: string;

  constructor(node: ReadyNode, sizeMb: number) {
    this.#folder = node.dataDir;
    moveData(node, (folder) => mountSmallDisk(folder, sizeMb));
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
