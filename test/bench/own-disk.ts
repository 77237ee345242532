import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const LIMIT_MS = 20_000;
const SECTOR_BYTES = 512;
const SIZE_BYTES = 1_000_000_000;

/** An ext4 file system of a folder's own, on a loop device that counts what is written to it, its journal included. */
export class OwnDisk {
  readonly #folder: string;
  readonly #device: string;

  private constructor(folder: string, device: string) {
    this.#folder = folder;
    this.#device = device;
  }

  /** Mounted at `folder`, its image beside it; null where that is not allowed (it needs root and loop devices). */
  static make(folder: string): OwnDisk | null {
    const image = `${folder}.ext4`;
    try {
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(image, "");
      truncateSync(image, SIZE_BYTES);
      run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image);
      run("mount", "-o", "loop", image, folder);
      rmdirSync(join(folder, "lost+found"));
      const device = run("findmnt", "-n", "-o", "SOURCE", folder).trim();
      return new OwnDisk(folder, basename(device));
    } catch {
      return null;
    }
  }

  /** Bytes written to the device so far; what was waiting in memory is written first. */
  writtenBytes(): number {
    run("sync", "-f", this.#folder);
    // Sectors written: the seventh figure of the device's statistics.
    const sectors = readFileSync(`/sys/block/${this.#device}/stat`, "utf8").trim().split(/\s+/)[6];
    return Number(sectors) * SECTOR_BYTES;
  }

  remove(): void {
    run("umount", this.#folder);
  }
}

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
