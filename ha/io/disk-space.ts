import { statfs } from "node:fs/promises";

/** Bytes that this user may still write below `path`; null when the system does not say. */
export async function freeBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Below the first, work goes elsewhere while there is still room to hand it over; it comes back above the second. */
export type DiskMarks = { readonly lowBytes: number; readonly enoughBytes: number };

const marks: DiskMarks = { lowBytes: 16 * 1024 * 1024, enoughBytes: 24 * 1024 * 1024 };
const everyMs = 500;

/** Watches the room on the disk of one folder, never blocking on it. */
export class DiskSpace {
  readonly #path: string;
  readonly #measure: (path: string) => Promise<number | null>;
  readonly #marks: DiskMarks;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  #low: string | null = null;

  constructor(path: string, measure = freeBytes, diskMarks = marks) {
    this.#path = path;
    this.#measure = measure;
    this.#marks = diskMarks;
  }

  /** Why this node should not lead while another can; null when there is room. */
  get low(): string | null {
    return this.#low;
  }

  run(): void {
    this.#timer = setInterval(() => void this.look(), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** One measurement; a disk that does not answer is asked by nobody else meanwhile. */
  async look(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const free = await this.#measure(this.#path);
    this.#asking = false;
    if (free === null) return;
    const { lowBytes, enoughBytes } = this.#marks;
    if (free < lowBytes || (this.#low !== null && free < enoughBytes))
      this.#low = `the disk is full: ${(free / 1024 / 1024).toFixed(1)} MB are left for ${this.#path}`;
    else this.#low = null;
  }
}
