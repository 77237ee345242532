import { createHash } from "node:crypto";
import { constants, copyFileSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { z } from "zod";
import type { Manifest, Step } from "../install/plan.ts";
import { CliError, exitCodes } from "./exit.ts";
import { checked, rootOption } from "./options.ts";
import { say } from "./output.ts";

type InstallOptions = { witness?: true; user: string; data?: string; dryRun?: true; root: string };

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const userSchema = z.string().regex(/^(?!root$)[a-z][a-z0-9-]{0,30}$/);

/** Adds `trader install`: a hardened systemd unit of its own user, for Debian. */
export function addInstall(program: Command): void {
  program
    .command("install")
    .description("run this node, or with --witness a witness, by systemd: own user, folders, hardened unit (Debian)")
    .option("--witness", "a witness instead of a node")
    .option(
      "--user <user>",
      "the system user that it runs as; made where it is missing",
      checked(userSchema, "a name of a-z, 0-9 and -, not root"),
      "trader",
    )
    .option("--data <dir>", "data directory (default: /var/lib/trader, /var/lib/trader-witness)", (dir) => resolve(dir))
    .option("--dry-run", "say what would be done, and show the unit")
    .addOption(rootOption())
    .action(install);
}

async function install(options: InstallOptions): Promise<void> {
  const { unitText, unitName } = await import("../install/unit.ts");
  const { installSteps, missingFolders, manifestFolder, stepText } = await import("../install/plan.ts");
  const { kindOf } = await import("./kind.ts");
  const { idsOf } = await import("../install/perform.ts");
  const { root, user, dryRun } = options;
  const kind = options.witness ? "witness" : "node";
  const unit = unitName(kind);
  const short = unit.replace(/\.service$/, "");
  const dataDir = options.data ?? `/var/lib/${short}`;
  const cacheDir = `/var/cache/${short}`;
  const unitPath = `/etc/systemd/system/${unit}`;
  if (!dryRun) mustBeRoot(root);
  await checkPaths(kind, dataDir, root);
  const before = await installed(unit, root);
  if (before !== null && (before.dataDir !== dataDir || before.user !== user)) {
    throw new CliError(
      `${unit} is installed for ${before.dataDir} and ${before.user}: "trader uninstall" first, which keeps the data.`,
      exitCodes.refused,
    );
  }
  const written = join(root, unitPath);
  const own = before !== null && (!existsSync(written) || sha256(readFileSync(written, "utf8")) === before.unitSha256);
  if (!own && existsSync(written)) {
    throw new CliError(
      `${unitPath} is not as this command makes it: move it away. Changes belong in a drop-in.`,
      exitCodes.refused,
    );
  }
  const text = unitText({
    kind,
    node: process.execPath,
    main,
    dataDir,
    cacheDir,
    user,
    ledGroup: kind === "node" ? ledGroup(root) : null,
    inHome: [dataDir, main].some((path) => /^\/(home|root)\//.test(path)),
    rawPing: kind === "node" && (await pingNeedsRaw()),
  });
  const made = missingFolders([manifestFolder, dataDir, cacheDir], (path) => existsSync(join(root, path)));
  const manifest: Manifest = {
    version: 1,
    unit,
    unitPath,
    unitSha256: sha256(text),
    user,
    madeUser: before?.madeUser ?? idsOf(root, user) === null,
    dataDir,
    cacheDir,
    madeFolders: [...new Set([...(before?.madeFolders ?? []), ...made])],
  };
  const isSetUp = kindOf(join(root, dataDir)) !== null;
  const steps = installSteps(manifest, text, { withLitestream: kind === "node", isSetUp });
  if (dryRun) {
    for (const step of steps) say(`would ${stepText(step)}`);
    return say(`\n${text}`);
  }
  await performAll(steps, root);
  const first = kind === "node" ? `trader init --data ${dataDir}` : `trader join TOKEN --witness --data ${dataDir}`;
  say(
    isSetUp
      ? `${unit} runs now and from every start of the machine: systemctl status ${short}`
      : `${dataDir} is not set up yet: "${first}", with sudo; then this command again.`,
  );
}

/** Does the steps in order, and says each one. */
export async function performAll(steps: readonly Step[], root: string): Promise<void> {
  const { perform } = await import("../install/perform.ts");
  const { stepText } = await import("../install/plan.ts");
  for (const step of steps) {
    say(stepText(step));
    await perform(step, { root, litestream: putLitestream });
  }
}

/** What is on record of a unit's installation; null: nothing. */
export async function installed(unit: string, root: string): Promise<Manifest | null> {
  const { manifestPath, manifestSchema } = await import("../install/plan.ts");
  const file = join(root, manifestPath(unit));
  if (!existsSync(file)) return null;
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new CliError(`${file} cannot be read. Remove ${unit} by hand, then this file.`, undefined, { cause });
  }
}

/** Throws where this may not be done, or where there is nothing to do it with. */
export function mustBeRoot(root: string): void {
  if (process.getuid?.() !== 0) throw new CliError("This changes the machine: run it with sudo.", exitCodes.refused);
  if (root === "/" && !existsSync("/run/systemd/system")) {
    throw new CliError("systemd does not run this machine: in a container, see docker/.", exitCodes.refused);
  }
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

async function checkPaths(kind: "node" | "witness", dataDir: string, root: string): Promise<void> {
  const { plainPath } = await import("../install/unit.ts");
  const { kindOf } = await import("./kind.ts");
  for (const path of [dataDir, main, process.execPath]) {
    if (!plainPath(path)) {
      throw new CliError(`${path}: a unit takes plain paths only (letters, digits, / . _ + -). Move it.`);
    }
  }
  for (const path of [main, process.execPath]) {
    const shut = unreadable(path);
    if (shut !== null) {
      throw new CliError(`${shut} is closed to other users, and the service is one: move the program to /opt.`);
    }
  }
  const there = join(root, dataDir);
  if (!existsSync(there)) return;
  const found = kindOf(there);
  // Everything in there will belong to the service: that must not be somebody's home.
  const other = readdirSync(there).filter((name) => name !== "trader.yml");
  if (found === null ? other.length > 0 : found !== kind) {
    throw new CliError(`${dataDir} is neither empty nor the data of a ${kind}: name another one with --data.`);
  }
}

/** The first folder on the way to `path`, or the file, that others may not read; null: none. */
function unreadable(path: string): string | null {
  for (let at = path; at !== "/"; at = dirname(at)) {
    const mode = statSync(at).mode;
    if ((mode & (at === path ? 0o004 : 0o001)) === 0) return at;
  }
  return null;
}

/** The group that may write the board's lamps, where it is. */
function ledGroup(root: string): string | null {
  const groups = join(root, "/etc/group");
  return existsSync(groups) && /^gpiod:/m.test(readFileSync(groups, "utf8")) ? "gpiod" : null;
}

/** Does `ping` fail here for a user without capabilities? Tried, as root only; otherwise it is taken to work. */
async function pingNeedsRaw(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const { runCommand } = await import("../../ha/io/run-command.ts");
  const without = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--no-new-privs"];
  const args = [...without, "ping", "-c", "1", "-W", "1", "127.0.0.1"];
  const ended = await runCommand({ command: "setpriv", args, env: process.env, limitMs: 5_000 });
  return ended.code !== 0;
}

/** Litestream from this user's cache, or fetched; one that is on PATH, or named, is used as well. */
async function putLitestream(folder: string): Promise<void> {
  const { findLitestream } = await import("../../ha/io/litestream-binary.ts");
  const { pino } = await import("pino");
  const found = await findLitestream({ env: process.env, log: pino({ level: "silent" }), fetch: true, progress: say });
  // Moved into place: one that runs cannot be written over. Made anew: the service may have put a link there.
  const target = join(folder, basename(found));
  rmSync(`${target}.new`, { force: true });
  copyFileSync(found, `${target}.new`, constants.COPYFILE_EXCL);
  renameSync(`${target}.new`, target);
}
