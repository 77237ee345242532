import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, makePrivateFolder, writeFileDurably } from "../io/durable-file.ts";
import { decideFence, refusal } from "./fence.ts";
import type { FenceDecision } from "./fence.ts";
import { fenceSchema } from "./protocol.ts";
import type { Fence, ReplicaPosition } from "./protocol.ts";
import { parseLtxName } from "./replica-path.ts";
import type { DavEntry } from "./webdav.ts";

/**
 * What became of an upload: `fenced` when the promise moved on meanwhile, `gap` when it does not continue what is here.
 * Only `stored` is durable.
 */
export type PutOutcome = { kind: "stored" } | { kind: "fenced" | "gap"; reason: string };

/** A file to take: `name` is of the grammar of `replica-path.ts`. */
export type LtxTarget = { epoch: number; level: number; name: string };

/** Thrown when a body is longer than announced. */
export class BodyTooLongError extends Error {
  override readonly name = "BodyTooLongError";
}

const newer = (a: ReplicaPosition | null, b: ReplicaPosition): ReplicaPosition =>
  a === null || b.epoch > a.epoch || (b.epoch === a.epoch && b.txid > a.txid) ? b : a;

/** Why a file does not continue what is here of its epoch; null when it does. */
function gapBefore(newest: ReplicaPosition | null, { epoch, name }: LtxTarget): string | null {
  const has = newest?.epoch === epoch ? newest.txid : 0;
  const minTxid = parseLtxName(name)?.minTxid ?? 1;
  return minTxid <= has + 1 ? null : `transactions up to ${has} are here, and these begin with ${minTxid}`;
}

/** No stream pipeline: where the disk is full it would destroy the request, which is still owed an answer. */
async function writeWhole(path: string, body: AsyncIterable<Buffer>, bytes: number): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    let seen = 0;
    for await (const chunk of body) {
      seen += chunk.length;
      if (seen > bytes) throw new BodyTooLongError(`more than ${bytes} bytes`);
      await file.appendFile(chunk);
    }
    if (seen !== bytes) throw new Error(`the upload ended after ${seen} of ${bytes} bytes`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The received replica on disk (`DIR/replica`): its files, its promise, the identity of its disk. */
export class ReplicaStore {
  readonly #root: string;
  readonly #diskId: string;
  readonly #committing = new Set<Promise<void>>();
  #fence: Fence | null;
  #newest: ReplicaPosition | null;
  /** The epoch whose last file did not continue what is here. */
  #gapEpoch: number | null = null;
  #uploads = 0;

  /** Opens or creates the folder; throws when its promise cannot be read, since an older one must not be made. */
  constructor(dataDir: string) {
    this.#root = join(dataDir, "replica");
    makePrivateFolder(this.#root);
    rmSync(this.#temporary, { recursive: true, force: true });
    mkdirSync(this.#temporary, { mode: 0o700 });
    this.#diskId = this.#openDiskId();
    this.#fence = this.#readFence();
    this.#newest = this.#scanNewest();
  }

  get #temporary(): string {
    return join(this.#root, "tmp");
  }
  /** Made once with the folder: another id means that what was received before is gone. */
  get diskId(): string {
    return this.#diskId;
  }
  get fence(): Fence | null {
    return this.#fence;
  }
  /** Newest transaction of the newest epoch that has any file. */
  get newest(): ReplicaPosition | null {
    return this.#newest;
  }

  /** A file of the promised epoch was refused, since what comes before it is missing, and none was taken since. */
  get gap(): boolean {
    return this.#gapEpoch !== null && this.#gapEpoch === this.#fence?.epoch;
  }

  #openDiskId(): string {
    const path = join(this.#root, "disk-id");
    if (existsSync(path)) {
      const id = readFileSync(path, "utf8").trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    }
    const id = randomBytes(16).toString("hex");
    writeFileDurably(path, `${id}\n`);
    return id;
  }

  #readFence(): Fence | null {
    const path = join(this.#root, "fence.json");
    if (!existsSync(path)) return null;
    try {
      return fenceSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch (cause) {
      throw new Error(`${path} is damaged. Move ${this.#root} aside; this node then receives everything anew.`, {
        cause,
      });
    }
  }

  #scanNewest(): ReplicaPosition | null {
    let newest: ReplicaPosition | null = null;
    for (const epoch of this.#epochs()) {
      for (const level of names(join(this.#root, "e", String(epoch), "ltx"))) {
        for (const name of names(join(this.#root, "e", String(epoch), "ltx", level))) {
          const file = parseLtxName(name);
          if (file !== null) newest = newer(newest, { epoch, txid: file.maxTxid });
        }
      }
    }
    return newest;
  }

  #epochs(): number[] {
    return names(join(this.#root, "e"))
      .filter((name) => /^(?:0|[1-9]\d{0,14})$/.test(name))
      .map(Number);
  }

  /** Promises an epoch to a holder, durably; when this returns, no file of an older promise is still being added. */
  async promise(asked: Fence): Promise<FenceDecision> {
    const decision = decideFence(this.#fence, asked);
    if (decision.kind === "raise") {
      writeFileDurably(join(this.#root, "fence.json"), `${JSON.stringify(decision.fence)}\n`);
      this.#fence = decision.fence;
    }
    await Promise.allSettled(this.#committing);
    return decision;
  }

  async #commit(work: Promise<void>): Promise<void> {
    this.#committing.add(work);
    try {
      await work;
    } finally {
      this.#committing.delete(work);
    }
  }

  folderOf(epoch: number, level: number | null): string {
    const ltx = join(this.#root, "e", String(epoch), "ltx");
    return level === null ? ltx : join(ltx, String(level));
  }

  /**
   * Takes a whole file: temporary file, fsync, the fence once more, rename, fsync of the folder [HA-5]. A file that does
   * not continue what is here is refused: this disk may be an older copy, and nothing could be restored over a gap [HA-6].
   */
  async put(target: LtxTarget, sender: string, body: AsyncIterable<Buffer>, lengthBytes: number): Promise<PutOutcome> {
    this.#uploads += 1;
    const temporary = join(this.#temporary, String(this.#uploads));
    try {
      await writeWhole(temporary, body, lengthBytes);
      const reason = refusal(this.#fence, target.epoch, sender);
      if (reason !== null) {
        await rm(temporary, { force: true });
        return { kind: "fenced", reason };
      }
      const gap = gapBefore(this.#newest, target);
      this.#gapEpoch = gap === null ? null : target.epoch;
      if (gap !== null) {
        await rm(temporary, { force: true });
        return { kind: "gap", reason: gap };
      }
      // From the check to the rename nothing may wait: a promise made in between would be broken.
      const folder = this.folderOf(target.epoch, target.level);
      makePrivateFolder(folder);
      renameSync(temporary, join(folder, target.name));
      await this.#commit(syncFolderLater(folder));
      const txid = parseLtxName(target.name)?.maxTxid;
      if (txid !== undefined) this.#newest = newer(this.#newest, { epoch: target.epoch, txid });
      return { kind: "stored" };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  makeFolder(epoch: number, level: number | null): "made" | "there" {
    const folder = this.folderOf(epoch, level);
    if (existsSync(folder)) return "there";
    makePrivateFolder(folder);
    return "made";
  }

  /** The folder itself first, then what is in it, hrefs under `base`; null when there is no such folder. */
  async list(epoch: number, level: number | null, base: string): Promise<DavEntry[] | null> {
    const folder = this.folderOf(epoch, level);
    let found: string[];
    try {
      found = await readdir(folder);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    }
    const entries: DavEntry[] = [{ path: `${base}/`, sizeBytes: null, modifiedMs: (await stat(folder)).mtimeMs }];
    for (const name of found.toSorted()) {
      const info = await stat(join(folder, name)).catch(() => null);
      if (info === null) continue; // deleted meanwhile
      if (info.isDirectory()) entries.push({ path: `${base}/${name}/`, sizeBytes: null, modifiedMs: info.mtimeMs });
      else if (parseLtxName(name) !== null)
        entries.push({ path: `${base}/${name}`, sizeBytes: info.size, modifiedMs: info.mtimeMs });
    }
    return entries;
  }

  /** Removes one file; false when it was not there. Not fsynced: one that comes back after a power cut is harmless. */
  async remove(target: LtxTarget): Promise<boolean> {
    try {
      await this.#commit(rm(join(this.folderOf(target.epoch, target.level), target.name)));
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
  }

  /** Deletes the epochs that are not in `keep`; the promised one always stays. */
  async prune(keep: readonly number[]): Promise<void> {
    for (const epoch of this.#epochs()) {
      if (keep.includes(epoch) || epoch === this.#fence?.epoch) continue;
      await rm(join(this.#root, "e", String(epoch)), { recursive: true, force: true });
    }
    this.#newest = this.#scanNewest();
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}

async function syncFolderLater(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
