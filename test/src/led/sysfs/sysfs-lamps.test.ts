import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { colours, type Rgb } from "../../../../src/led/display.ts";
import { putBackSaved, SysfsLamps } from "../../../../src/led/sysfs/sysfs-lamps.ts";
import { type FakeTree, fakeTree, mainlineNames, vendorNames } from "./fake-tree.ts";

const white: Rgb = [255, 255, 255];

function taken({ root, savedFile }: FakeTree): SysfsLamps {
  const outcome = SysfsLamps.take(root, savedFile);
  if (outcome.kind !== "taken") throw new Error(JSON.stringify(outcome));
  return outcome.lamps;
}
const brightness = (tree: FakeTree, names: readonly string[]): readonly string[] =>
  names.map((name) => tree.read(name, "brightness"));
const triggers = (tree: FakeTree, names: readonly string[]): readonly string[] =>
  names.map((name) => tree.read(name, "trigger"));
const atBoot = ["none", "none", "none", "none", "phy0tx", "bluetooth-power"];
const allNone = ["none", "none", "none", "none", "none", "none"];

test.each([
  ["the board's kernel", vendorNames],
  ["mainline", mainlineNames],
])("both LEDs are found under the names of %s", (_, names) => {
  const tree = fakeTree(names);
  const lamps = taken(tree);
  expect(triggers(tree, names)).toEqual(allNone);
  expect(lamps.set(colours.blue, colours.cyan)).toBe(true);
  expect(brightness(tree, names)).toEqual(["0", "0", "1", "0", "1", "1"]);
  lamps.putBack();
  expect(triggers(tree, names)).toEqual(atBoot);
  expect(brightness(tree, names)).toEqual(["0", "0", "0", "0", "0", "0"]);
  expect(existsSync(tree.savedFile)).toBe(false);
});

test("a colour is scaled to what the driver says is its maximum", () => {
  const tree = fakeTree(vendorNames, 255);
  taken(tree).set([255, 180, 0], white);
  expect(brightness(tree, vendorNames)).toEqual(["255", "180", "0", "255", "255", "255"]);
});

test("triggers are noted before they are changed, in the kernel's own form too", () => {
  const tree = fakeTree();
  tree.write("green:wlan", "trigger", "none rfkill-any [phy0tx] timer heartbeat\n");
  taken(tree);
  expect(JSON.parse(readFileSync(tree.savedFile, "utf8"))).toMatchObject({
    "green:wlan": { trigger: "phy0tx" },
    "blue:bt": { trigger: "bluetooth-power" },
    "red:user": { trigger: "none", brightness: 0 },
  });
});

test("what a killed run left behind is put back at the next start, and not taken for what was there", () => {
  const tree = fakeTree();
  taken(tree).set(white, white);
  taken(tree).putBack();
  expect(triggers(tree, vendorNames)).toEqual(atBoot);
  expect(brightness(tree, vendorNames)).toEqual(["0", "0", "0", "0", "0", "0"]);
});

test("a trigger that was given since the kill stands", () => {
  const tree = fakeTree();
  taken(tree);
  tree.write("green:wlan", "trigger", "heartbeat");
  putBackSaved(tree.root, tree.savedFile);
  expect(triggers(tree, vendorNames)).toEqual(["none", "none", "none", "none", "heartbeat", "bluetooth-power"]);
});

test("without the board there is nothing to take, and nothing is made", () => {
  const tree = fakeTree([]);
  expect(SysfsLamps.take(tree.root, tree.savedFile)).toEqual({ kind: "absent" });
  expect(SysfsLamps.take(join(tree.dir, "nowhere"), tree.savedFile)).toEqual({ kind: "absent" });
  expect(existsSync(tree.savedFile)).toBe(false);
});

/** Runs as a user without rights, where this process is root. */
function asNobody<T>(work: () => T): T {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

test("without permission nothing is changed, and the remedy is said", () => {
  const tree = fakeTree();
  chmodSync(tree.dir, 0o777);
  for (const name of vendorNames)
    for (const file of ["trigger", "brightness"]) chmodSync(join(tree.root, name, file), 0o444);
  const outcome = asNobody(() => SysfsLamps.take(tree.root, tree.savedFile));
  expect(outcome).toMatchObject({ kind: "refused", remedy: expect.stringContaining("gpiod") });
  expect(triggers(tree, vendorNames)).toEqual(atBoot);
});

test("LEDs whose state cannot be noted are left alone", () => {
  const tree = fakeTree();
  const savedFile = join(tree.dir, "missing", "leds.json");
  expect(SysfsLamps.take(tree.root, savedFile)).toMatchObject({
    kind: "refused",
    remedy: expect.stringContaining("left alone"),
  });
  expect(triggers(tree, vendorNames)).toEqual(atBoot);
});

test("a trigger that cannot be put back stays noted", () => {
  const tree = fakeTree();
  taken(tree);
  rmSync(join(tree.root, "green:wlan", "trigger"));
  mkdirSync(join(tree.root, "green:wlan", "trigger"));
  putBackSaved(tree.root, tree.savedFile);
  expect(existsSync(tree.savedFile)).toBe(true);
});

test("a channel that is missing or goes away is not made up, and the others are written", () => {
  const tree = fakeTree(vendorNames.filter((name) => name !== "red:user"));
  const lamps = taken(tree);
  expect(lamps.set(white, white)).toBe(true);
  expect(existsSync(join(tree.root, "red:user"))).toBe(false);
  rmSync(join(tree.root, "blue:bt"), { recursive: true });
  expect(lamps.set(colours.off, colours.off)).toBe(false);
  expect(tree.read("green:wlan", "brightness")).toBe("0");
});

test("a note that cannot be read is as good as none", () => {
  const tree = fakeTree();
  writeFileSync(tree.savedFile, '{"../x":{"trigger":"a b"');
  taken(tree).putBack();
  expect(triggers(tree, vendorNames)).toEqual(atBoot);
});
