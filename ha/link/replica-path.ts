/** A place in the received replica. A file has all fields; a folder has those down to its own depth. */
export type ReplicaPath = {
  epoch: number;
  depth: "epoch" | "ltx" | "level" | "file";
  level: number | null;
  file: { name: string; minTxid: number; maxTxid: number } | null;
};

const GRAMMAR = /^\/e\/(0|[1-9]\d{0,14})(?:(\/ltx)(?:\/(\d)(?:\/(([0-9a-f]{16})-([0-9a-f]{16})\.ltx))?)?)?\/?$/;
const FILE = /^([0-9a-f]{16})-([0-9a-f]{16})\.ltx$/;

/** The transactions that a file `<min16>-<max16>.ltx` holds, or null when the name is not one. */
export function parseLtxName(name: string): ReplicaPath["file"] {
  const match = FILE.exec(name);
  if (match === null) return null;
  const minTxid = Number.parseInt(match[1] ?? "", 16);
  const maxTxid = Number.parseInt(match[2] ?? "", 16);
  if (minTxid < 1 || maxTxid < minTxid || !Number.isSafeInteger(maxTxid)) return null;
  return { name, minTxid, maxTxid };
}

/**
 * The place that a request's raw target names, or null. Only `/e/<epoch>/ltx/<digit>/<min16>-<max16>.ltx` and its
 * folders exist: nothing is decoded or normalised, so no escape, dot or second slash can ever leave the replica.
 */
export function parseReplicaPath(target: string): ReplicaPath | null {
  const match = GRAMMAR.exec(target);
  if (match === null) return null;
  const [, epochText, ltx, levelText, name] = match;
  const epoch = Number(epochText);
  const level = levelText === undefined ? null : Number(levelText);
  if (name !== undefined) {
    const file = target.endsWith("/") ? null : parseLtxName(name);
    return file === null ? null : { epoch, depth: "file", level, file };
  }
  return { epoch, depth: level === null ? (ltx === undefined ? "epoch" : "ltx") : "level", level, file: null };
}
