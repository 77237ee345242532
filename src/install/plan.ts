import { dirname } from "node:path/posix";
import { z } from "zod";

/** What `trader install` made, as `trader uninstall` reads it: /etc/arduino-trader/UNIT.json. */
export const manifestSchema = z.object({
  version: z.literal(1),
  unit: z.string(),
  unitPath: z.string(),
  /** SHA-256 of the unit as it was written. */
  unitSha256: z.string(),
  user: z.string(),
  madeUser: z.boolean(),
  dataDir: z.string(),
  cacheDir: z.string(),
  /** Folders that were not there before, outermost first. */
  madeFolders: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const manifestFolder = "/etc/arduino-trader";

/** One thing to do as root; done in order. Each may be done again. */
export type Step =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "write"; readonly path: string; readonly text: string; readonly mode: number }
  | { readonly kind: "add-user"; readonly user: string; readonly home: string }
  | { readonly kind: "own"; readonly path: string; readonly user: string }
  | { readonly kind: "litestream"; readonly into: string }
  | { readonly kind: "service"; readonly verb: "reload" | "enable" | "start" | "disable"; readonly unit: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "remove-empty"; readonly path: string }
  | { readonly kind: "remove-all"; readonly path: string }
  | { readonly kind: "remove-user"; readonly user: string };

/** A step as a sentence for a person. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case "folder":
      return `make the folder ${step.path}`;
    case "write":
      return `write ${step.path}`;
    case "add-user":
      return `add the system user ${step.user}, without a password or a shell`;
    case "own":
      return `give ${step.path} to ${step.user}, and to nobody else`;
    case "litestream":
      return `put Litestream into ${step.into}`;
    case "service":
      return step.verb === "reload" ? "tell systemd" : `${step.verb} ${step.unit}`;
    case "remove":
      return `remove ${step.path}`;
    case "remove-empty":
      return `remove ${step.path} if it is empty`;
    case "remove-all":
      return `remove ${step.path} and everything in it`;
    case "remove-user":
      return `remove the system user ${step.user}`;
  }
}

/** The folders of `paths` and above them that are not there, outermost first. */
export function missingFolders(paths: readonly string[], exists: (path: string) => boolean): string[] {
  const missing = new Set<string>();
  for (const path of paths) {
    const chain: string[] = [];
    for (let at = path; at !== "/" && !exists(at); at = dirname(at)) chain.unshift(at);
    for (const each of chain) missing.add(each);
  }
  return [...missing];
}

/**
 * The steps of an installation. What is made is on record before it is made, so that an installation that broke off
 * can be removed too.
 */
export function installSteps(
  manifest: Manifest,
  text: string,
  { withLitestream, isSetUp }: { readonly withLitestream: boolean; readonly isSetUp: boolean },
): Step[] {
  const { user, unit, unitPath, dataDir, cacheDir, madeUser } = manifest;
  return [
    { kind: "folder", path: manifestFolder },
    { kind: "write", path: manifestPath(unit), text: `${JSON.stringify(manifest, null, 2)}\n`, mode: 0o600 },
    ...(madeUser ? [{ kind: "add-user", user, home: dataDir } as const] : []),
    { kind: "folder", path: dataDir },
    { kind: "folder", path: cacheDir },
    ...(withLitestream ? [{ kind: "litestream", into: cacheDir } as const] : []),
    { kind: "own", path: dataDir, user },
    { kind: "own", path: cacheDir, user },
    { kind: "write", path: unitPath, text, mode: 0o644 },
    { kind: "service", verb: "reload", unit },
    { kind: "service", verb: "enable", unit },
    ...(isSetUp ? [{ kind: "service", verb: "start", unit } as const] : []),
  ];
}

/**
 * The steps that take exactly that away again. Data that stay are root's: the number of a removed user may be given to
 * another one. `userStays`: another unit runs as the same user.
 */
export function uninstallSteps(manifest: Manifest, withData: boolean, userStays: boolean): Step[] {
  const { user, unit, unitPath, dataDir, cacheDir, madeUser, madeFolders } = manifest;
  const removesUser = madeUser && !userStays;
  return [
    { kind: "service", verb: "disable", unit },
    { kind: "remove", path: unitPath },
    { kind: "service", verb: "reload", unit },
    { kind: "remove-all", path: cacheDir },
    ...(withData ? [{ kind: "remove-all", path: dataDir } as const] : []),
    ...(removesUser && !withData ? [{ kind: "own", path: dataDir, user: "root" } as const] : []),
    ...(removesUser ? [{ kind: "remove-user", user } as const] : []),
    { kind: "remove", path: manifestPath(unit) },
    ...madeFolders.toReversed().map((path) => ({ kind: "remove-empty", path }) as const),
  ];
}

/** Where the record of a unit's installation is. */
export function manifestPath(unit: string): string {
  return `${manifestFolder}/${unit}.json`;
}
