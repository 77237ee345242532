import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeNodeConfig } from "../../../ha/io/node-files.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** A folder that looks like a machine to `--root`. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "trader-root-"));
  for (const folder of ["etc/systemd/system", "var/lib", "var/cache", "var/log"])
    mkdirSync(join(root, folder), { recursive: true });
  const files = {
    passwd: "root:x:0:0:root:/root:/bin/sh\n",
    group: "root:x:0:\ngpiod:x:990:\n",
    shadow: "root:*:19000:0:99999:7:::\n",
    gshadow: "root:*::\ngpiod:!::\n",
    "login.defs": "SYS_UID_MIN 100\nSYS_UID_MAX 900\nSYS_GID_MIN 100\nSYS_GID_MAX 900\nUSERGROUPS_ENAB yes\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "etc", name), text);
});
afterEach(() => rmSync(root, { recursive: true }));

const trader = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args, "--root", root],
      { timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });

/** Every file, folder and link below the root, with its mode and what it says. */
function everything(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const { mode, uid } = statSync(join(root, name));
      const file = statSync(join(root, name)).isFile() ? readFileSync(join(root, name), "utf8") : "";
      // What useradd and userdel keep for themselves.
      return /^etc\/(?:passwd|group|shadow|gshadow)-$|\.lock$/.test(name) ? "" : `${name} ${mode} ${uid} ${file}`;
    })
    .filter((line) => line !== "");
}

const setUp = (): void => {
  const ports = { app: 8000, agent: 8008, link: 8009 };
  mkdirSync(join(root, "var/lib/trader"), { recursive: true, mode: 0o700 });
  writeNodeConfig(join(root, "var/lib/trader"), {
    name: "uno-a",
    cluster: "home",
    preset: "default",
    host: "192.0.2.1",
    ports,
  });
};

test("a dry run says every step and shows the unit, and changes nothing", async () => {
  const before = everything();
  const { code, stdout } = await trader("install", "--dry-run");
  expect(code).toBe(0);
  expect(stdout).toMatch(/would add the system user trader.*\n(?:would .*\n)+\n# Made by "trader install"/);
  expect(stdout).toMatch(/^SupplementaryGroups=gpiod$/m);
  expect(everything()).toEqual(before);
});

const asRoot = process.getuid?.() === 0;
const hasTools = ["/usr/sbin/useradd", "/usr/bin/systemctl"].every((path) => existsSync(path));

describe.skipIf(!asRoot || !hasTools)("as root, with Debian's passwd and systemd (skipped without)", () => {
  test("what install made, uninstall takes away, and nothing else", async () => {
    const before = everything();
    const installed = await trader("install", "--witness");
    expect(installed).toMatchObject({ code: 0, stderr: "" });
    const { uid, mode } = statSync(join(root, "var/lib/trader-witness"));
    expect(mode & 0o777).toBe(0o700);
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).toContain(
      `trader:x:${uid}:${uid}::/var/lib/trader-witness:/usr/sbin/nologin\n`,
    );
    const wanted = join(root, "etc/systemd/system/multi-user.target.wants/trader-witness.service");
    expect(readdirSync(join(wanted, ".."))).toEqual(["trader-witness.service"]);
    const again = await trader("install", "--witness");
    expect(again.code).toBe(0);
    const removed = await trader("uninstall", "--witness", "--yes");
    expect(removed).toMatchObject({ code: 0, stderr: "" });
    rmSync(join(wanted, ".."), { recursive: true, force: true });
    expect(everything()).toEqual(before);
  });

  test("folders that it made on the way are gone, those that somebody else uses stay", async () => {
    const before = everything();
    expect(await trader("install", "--witness", "--data", "/srv/a/b")).toMatchObject({ code: 0 });
    expect(await trader("uninstall", "--witness", "--yes")).toMatchObject({ code: 0 });
    rmSync(join(root, "etc/systemd/system/multi-user.target.wants"), { recursive: true, force: true });
    expect(everything()).toEqual(before);
    expect(await trader("install", "--witness", "--data", "/srv/a/b")).toMatchObject({ code: 0 });
    writeFileSync(join(root, "srv/mine"), "");
    expect(await trader("uninstall", "--witness", "--yes")).toMatchObject({ code: 0 });
    expect(readdirSync(join(root, "srv"))).toEqual(["mine"]);
  });

  test("data stay, as root's, unless they are named; a link in them gives nothing else away", async () => {
    setUp();
    writeFileSync(join(root, "precious"), "");
    symlinkSync(join(root, "precious"), join(root, "var/lib/trader/link"));
    expect(await trader("install")).toMatchObject({ code: 0, stderr: "" });
    const node = join(root, "var/lib/trader/node.json");
    expect(statSync(node).uid).not.toBe(0);
    expect(statSync(join(root, "precious")).uid).toBe(0);
    expect(await trader("uninstall")).toMatchObject({ code: 2, stderr: expect.stringMatching(/--yes/) });
    const wrong = await trader("uninstall", "--yes", "--delete-data", "uno-b");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/the data are of uno-a/) });
    expect(statSync(node).uid).not.toBe(0);
    expect(await trader("uninstall", "--yes")).toMatchObject({ code: 0 });
    expect(statSync(node).uid).toBe(0);
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).not.toContain("trader");
    expect(await trader("install")).toMatchObject({ code: 0 });
    // What a service that was taken over might leave for the next installation, which is done as root.
    const cache = join(root, "var/cache/trader");
    for (const name of readdirSync(cache)) symlinkSync(join(root, "precious"), join(cache, `${name}.new`));
    expect(await trader("install")).toMatchObject({ code: 0 });
    expect(readFileSync(join(root, "precious"), "utf8")).toBe("");
    expect(await trader("uninstall", "--yes", "--delete-data", "uno-a")).toMatchObject({ code: 0 });
    expect(existsSync(join(root, "var/lib/trader"))).toBe(false);
    expect(existsSync(join(root, "precious"))).toBe(true);
  });

  test("what is not its own is left alone: a foreign unit, a changed unit, somebody's home", async () => {
    const unit = join(root, "etc/systemd/system/trader-witness.service");
    writeFileSync(unit, "[Service]\n");
    const foreign = await trader("install", "--witness");
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringMatching(/not as this command makes it/) });
    rmSync(unit);
    mkdirSync(join(root, "home/pi/documents"), { recursive: true });
    const home = await trader("install", "--witness", "--data", "/home/pi");
    expect(home).toMatchObject({ code: 1, stderr: expect.stringMatching(/neither empty nor the data of a witness/) });
    expect(await trader("install", "--witness")).toMatchObject({ code: 0 });
    writeFileSync(unit, `${readFileSync(unit, "utf8")}# by hand\n`);
    const changed = await trader("uninstall", "--witness", "--yes");
    expect(changed).toMatchObject({ code: 2, stderr: expect.stringMatching(/was changed since/) });
    const over = await trader("install", "--witness");
    expect(over).toMatchObject({ code: 2, stderr: expect.stringMatching(/Changes belong in a drop-in/) });
    expect(readFileSync(unit, "utf8")).toContain("# by hand");
    const absent = await trader("uninstall", "--yes");
    expect(absent).toMatchObject({ code: 2, stderr: expect.stringMatching(/was not installed/) });
  });
});
