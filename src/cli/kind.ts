import { readNodeConfig } from "../../ha/io/node-files.ts";
import { readWitnessFolders } from "../../ha/io/witness-folders.ts";
import { CliError, exitCodes } from "./exit.ts";

/** Throws, with the command that fits, where a directory belongs to the other kind of member. */
export function refuseOtherKind(dataDir: string, wanted: "node" | "witness"): void {
  const kind = kindOf(dataDir);
  if (kind === null || kind === wanted) return;
  const command = kind === "witness" ? "trader witness" : "trader run";
  throw new CliError(`${dataDir} belongs to a ${kind}: run it with "${command} --data ${dataDir}".`);
}

/** Throws where a directory belongs to a witness, which only votes and can be asked nothing. */
export function refuseWitness(dataDir: string): void {
  if (kindOf(dataDir) !== "witness") return;
  throw new CliError(`${dataDir} belongs to a witness, which only votes. Ask one of the nodes.`, exitCodes.noAgent);
}

/** null: not set up, or not readable; who reads it next says why. */
export function kindOf(dataDir: string): "node" | "witness" | null {
  try {
    readNodeConfig(dataDir);
    return "node";
  } catch {
    return readWitnessFolders(dataDir).length > 0 ? "witness" : null;
  }
}
