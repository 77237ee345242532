import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boardPicture } from "../../../../src/led/board-picture.ts";
import { colours, type LedDisplay, type Rgb } from "../../../../src/led/display.ts";
import { fontHeader, fontHeaderPath } from "../../../../src/led/font-header.ts";
import { frameAt } from "../../../../src/led/frame.ts";
import { daylight } from "../../../../src/led/light.ts";
import { boardMethods, showParams, textBytesMax } from "../../../../src/led/router/board-message.ts";
import { screenTimes } from "../../../../src/led/router/board-screen.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sketch = (name: string): string => readFileSync(here(`../../../../src/led/sketch/${name}`), "utf8");

test("the sketch's font is the app's font", () => {
  expect(readFileSync(fontHeaderPath, "utf8")).toBe(fontHeader());
});

test("the sketch and the app mean the same methods, text length and beat", () => {
  for (const method of Object.values(boardMethods)) expect(sketch("sketch.ino")).toContain(`"${method}"`);
  expect(sketch("text.h")).toContain(`textBytesMax = ${textBytesMax};`);
  const staleAfterMs = Number(/staleAfterMs = (\d+)/.exec(sketch("news.h"))?.[1]);
  expect(staleAfterMs).toBeGreaterThan(3 * screenTimes.beatMs);
  const parameters = /onShow\(([^)]*)\)/.exec(sketch("sketch.ino"))?.[1]?.split(",") ?? [];
  expect(parameters).toHaveLength(showParams(1, 1, boardPicture(display, daylight)).length);
});

test("every library that the sketch names is pinned, and the whole of the profile for other machines", () => {
  const lines = sketch("sketch.yaml").split("\n");
  const libraries = lines.filter((line) => /^ {6}- (?:dependency: )?[A-Z]/.test(line));
  expect(libraries).toHaveLength(12);
  for (const line of libraries) expect(line).toMatch(/ \(\d+\.\d+\.\d+\)$/);
  const pinned = lines.slice(lines.indexOf("  pinned:"), lines.indexOf("  old-core:"));
  expect(pinned.find((line) => line.includes("platform:"))).toMatch(/arduino:zephyr \(\d+\.\d+\.\d+\)$/);
});

const display: LedDisplay = {
  mode: "normal",
  error_message: "",
  trade_is_buy: true,
  led3: colours.green,
  led4: colours.buy,
  ticker_text: "HI",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node: "uno-a", epoch: 1 },
};

const hex = (text: string): string => `x${Buffer.from(text).toString("hex")}`;
const packed = ([r, g, b]: Rgb): number => (r << 16) | (g << 8) | b;
const letters = Array.from('AZaz09 |·%€é\\"{~');

const compilerName = process.env["CXX"] ?? "g++";
const compiler = spawnSync(compilerName, ["--version"]).error === undefined;
if (!compiler) console.warn("SKIPPED: no g++ here, so the sketch's pure parts are not compiled and not compared");

describe.skipIf(!compiler)("the sketch's pure parts, compiled here", () => {
  let dir: string;
  let program: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "trader-sketch-"));
    program = join(dir, "host");
    const source = here("host.cpp");
    const flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"];
    execFileSync(compilerName, [...flags, "-fno-sanitize-recover=all", source, "-o", program], { stdio: "pipe" });
  }, 60_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const run = (lines: readonly string[]): readonly string[] =>
    execFileSync(program, { input: lines.map((line) => `${line}\n`).join(""), encoding: "utf8" })
      .trimEnd()
      .split("\n");
  test("the sketch itself compiles against the names of the board's libraries", () => {
    for (const header of ["Arduino_RouterBridge.h", "Arduino_LED_Matrix.h", "zephyr/kernel.h"]) {
      mkdirSync(dirname(join(dir, "include", header)), { recursive: true });
      writeFileSync(join(dir, "include", header), `#include "${here("board-stubs.h")}"\n`);
    }
    const source = here("../../../../src/led/sketch/sketch.ino");
    const flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", join(dir, "include")];
    execFileSync(compilerName, [...flags, "-x", "c++", source], { stdio: "pipe" });
  });

  test("the sketch draws what the app's preview draws, at every tick, in every look", () => {
    const rgb = fc.constantFrom<Rgb>(...Object.values(colours));
    const text = fc.string({ unit: fc.constantFrom(...letters), maxLength: 40 });
    const states = fc.record({
      mode: fc.constantFrom<LedDisplay["mode"]>("error", "activity", "normal"),
      error_message: text,
      ticker_text: text,
      activity_message: text,
      led3: rgb,
      led4: rgb,
      takeover: fc.boolean(),
    });
    const cases = fc.sample(fc.tuple(states, fc.nat({ max: 2_000 })), { numRuns: 600, seed: 7 });
    const lines = cases.map(([state, tick]) => {
      const [, , words, ...rest] = showParams(1, 1, boardPicture({ ...display, ...state }, daylight));
      return `frame ${tick} ${rest.join(" ")} ${hex(String(words))}`;
    });
    const expected = cases.map(([state, tick]) => {
      const frame = frameAt({ ...display, ...state }, tick);
      return `${frame.matrix.flat().join("")} ${packed(frame.led3)} ${packed(frame.led4)} 50`;
    });
    expect(run(lines)).toEqual(expected);
  });

  test("whatever a message says, it is drawn within bounds", () => {
    const dark = "0".repeat(104);
    expect(
      run([
        `frame 0 -5 99 77 -1 -1 ${hex("x".repeat(500))}`,
        `frame 4294967295 99999 -3 3 0 0 ${hex("x".repeat(500))}`,
        "frame 0 50 3 0 0 0 xffc3e282f09f",
        "frame 5 50 3 0 0 0 x",
      ]).map((line) => line.split(" ")),
    ).toEqual([
      [dark, "16777215", "16777215", "20"],
      [dark, "0", "0", "1000"],
      [dark, "0", "0", "50"],
      [dark, "0", "0", "50"],
    ]);
  });

  test("a lamp's channel is on from its half: the colours that are used stay apart", () => {
    const { green, yellow, red, blue, cyan, magenta, buy, sell, off } = colours;
    expect(run([green, yellow, red, blue, cyan, magenta, buy, sell, off].map((c) => `lit ${packed(c)}`))).toEqual([
      "010",
      "110",
      "100",
      "001",
      "011",
      "101",
      "001",
      "110",
      "000",
    ]);
  });

  test("what comes late is dropped; another run of the app starts anew", () => {
    expect(
      run(["accept 7 2 0", "accept 7 1 10", "accept 7 2 20", "accept 7 3 30", "accept 8 1 40", "accept 8 1 50"]),
    ).toEqual(["1", "0", "0", "1", "1", "0"]);
  });

  test("a picture is stale when three beats are missing, and says for how long", () => {
    const news = ["accept 1 1 100000", "at 116000", "at 116001", "at 160000", "at 7200000", "at 7300000"];
    expect(run([...news, "accept 1 1 7400000", "at 7400000", "accept 1 2 7400000", "at 7400000"])).toEqual([
      "1",
      "1 fresh",
      "1 NO NEWS",
      "1 NO NEWS FOR 1 MIN",
      "1 NO NEWS FOR 118 MIN",
      "1 NO NEWS FOR 2 HOURS",
      // A message from before says nothing new.
      "0",
      "1 NO NEWS FOR 2 HOURS",
      "1",
      "1 fresh",
    ]);
  });

  test("the boot logo keeps the matrix until it is over or a picture comes", () => {
    expect(run(["at 29999", "at 30000", "accept 1 1 1000", "at 1000"])).toEqual([
      "0 WAITING FOR THE TRADER",
      "1 WAITING FOR THE TRADER",
      "1",
      "1 fresh",
    ]);
  });
});
