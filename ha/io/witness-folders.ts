import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "./durable-file.ts";
import { NodeFileError, readWitnessConfig } from "./node-files.ts";
import type { WitnessConfig } from "./node-files.ts";

/** A witness may vote for several clusters; its data directory has one folder for each, named after it. */
export const witnessFolder = (dataDir: string, cluster: string): string => join(dataDir, cluster);

/** What one folder of a witness says; `trouble`: why it cannot be used. */
export type WitnessFolder =
  | { readonly cluster: string; readonly dir: string; readonly config: WitnessConfig; readonly trouble: null }
  | { readonly cluster: string; readonly dir: string; readonly config: null; readonly trouble: string };

/** The clusters of a witness's data directory, by name; none where it is no such directory. */
export function readWitnessFolders(dataDir: string): readonly WitnessFolder[] {
  return folderNames(dataDir).flatMap((cluster): WitnessFolder[] => {
    const dir = witnessFolder(dataDir, cluster);
    try {
      const config = readWitnessConfig(dir);
      if (config.cluster === cluster) return [{ cluster, dir, config, trouble: null }];
      const trouble = `${dir}: is of the cluster ${config.cluster}. Give the folder that name.`;
      return [{ cluster, dir, config: null, trouble }];
    } catch (error) {
      // A folder in which a join broke off, or of something else.
      if (error instanceof NodeFileError && errorCode(error.cause) === "ENOENT") return [];
      const trouble = error instanceof Error ? error.message : String(error);
      return [{ cluster, dir, config: null, trouble }];
    }
  });
}

function folderNames(dataDir: string): readonly string[] {
  try {
    return readdirSync(dataDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
