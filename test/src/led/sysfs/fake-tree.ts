import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

export const vendorNames = ["red:user", "green:user", "blue:user", "red:panic", "green:wlan", "blue:bt"] as const;
export const mainlineNames = [
  "unoq:user-red1",
  "unoq:user-green1",
  "unoq:user-blue1",
  "unoq:panic-red2",
  "unoq:wlan-green2",
  "unoq:bt-blue2",
] as const;

export type FakeTree = {
  readonly dir: string;
  readonly root: string;
  readonly savedFile: string;
  read(name: string, file: string): string;
  write(name: string, file: string, text: string): void;
};

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/**
 * A folder like /sys/class/leds of a board that has just booted. Unlike the kernel's, a trigger file holds the last
 * word written over the list that it began with: `read` gives that word.
 */
export function fakeTree(names: readonly string[] = vendorNames, max = 1): FakeTree {
  const dir = mkdtempSync(join(tmpdir(), "trader-sysfs-"));
  dirs.push(dir);
  const root = join(dir, "leds");
  mkdirSync(root);
  const tree: FakeTree = {
    dir,
    root,
    savedFile: join(dir, "leds.json"),
    read: (name, file) => readFileSync(join(root, name, file), "utf8").trim(),
    write: (name, file, text) => writeFileSync(join(root, name, file), text),
  };
  for (const name of names) {
    mkdirSync(join(root, name));
    tree.write(name, "trigger", bootTrigger(name));
    tree.write(name, "brightness", "0");
    tree.write(name, "max_brightness", `${max}\n`);
  }
  return tree;
}

const bootTrigger = (name: string): string =>
  /wlan/.test(name) ? "phy0tx" : /bt/.test(name) ? "bluetooth-power" : "none";
