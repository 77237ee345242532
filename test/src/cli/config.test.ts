import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeNodeConfig, writeSecrets } from "../../../ha/io/node-files.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-config-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const trader = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args, "--data", dir],
      { timeout: 20_000, env: { PATH: process.env["PATH"], ...env } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });

const write = (text: string): void => writeFileSync(join(dir, "trader.yml"), text);

test("config init writes a file that config check takes, for its owner only, and never over another", async () => {
  expect(await trader(["config", "init"])).toMatchObject({ code: 0, stderr: "" });
  expect(statSync(join(dir, "trader.yml")).mode & 0o777).toBe(0o600);
  expect(await trader(["config", "check"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^All is well/) });
  const before = readFileSync(join(dir, "trader.yml"), "utf8");
  expect(await trader(["config", "init"])).toMatchObject({ code: 1, stderr: expect.stringMatching(/exists already/) });
  expect(readFileSync(join(dir, "trader.yml"), "utf8")).toBe(before);
});

test("config check says everything, the environment's mistakes too", async () => {
  write("leds:\n  brightness: 300\n  moed: off\n");
  const { code, stderr } = await trader(["config", "check"], { TRADER_MARKET: "moon" });
  expect(code).toBe(1);
  expect(stderr.split("\n")).toEqual([
    `${dir}/trader.yml:2: leds.brightness: "300" makes no sense. Give a whole number from 0 to 255.`,
    `${dir}/trader.yml:3: leds.moed: is not known. Did you mean "mode"?`,
    'environment: TRADER_MARKET: "moon" makes no sense. Give embedded or yahoo.',
    "",
  ]);
  const json = await trader(["config", "check", "--json"], { TRADER_MARKET: "moon" });
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, problems: expect.arrayContaining([expect.any(String)]) });
});

test("config show says what is in force and where from, and no secret", async () => {
  write("alerts:\n  ntfyUrl: https://ntfy.sh/hush-topic\nleds:\n  brightness: 40\n");
  const clusterSecret = Buffer.alloc(32, 7).toString("base64");
  writeSecrets(dir, { clusterSecret, brokerSecret: "hush-broker" });
  const env = { TRADER_LED_QUIET: "21-6", TRADER_MQTT_URL: "mqtt://me:hush@host" };
  for (const args of [
    ["config", "show"],
    ["config", "show", "--json"],
  ]) {
    const { stdout, stderr } = await trader(args, env);
    expect(stdout + stderr).not.toMatch(/hush/);
    expect(stdout).not.toContain(clusterSecret);
  }
  const rows: unknown = JSON.parse((await trader(["config", "show", "--json"], env)).stdout);
  expect(rows).toEqual(
    expect.arrayContaining([
      { field: "alerts.ntfyUrl", value: "(hidden)", source: "trader.yml:2" },
      { field: "leds.brightness", value: "40", source: "trader.yml:4" },
      { field: "leds.quiet", value: "21-6", source: "environment: TRADER_LED_QUIET" },
      { field: "trading.market", value: "embedded", source: "default" },
      { field: "brokerSecret", value: "(hidden)", source: "secrets.json" },
    ]),
  );
});

test("run does not start on a file with mistakes, and says all of them", async () => {
  const ports = { app: 8000, agent: 8008, link: 8009 };
  writeNodeConfig(dir, { name: "uno-a", cluster: "home", preset: "default", host: "127.0.0.1", ports });
  write("leds:\n  brightness: 300\nlog:\n  levle: info\n");
  expect(await trader(["run"])).toEqual({
    code: 1,
    stdout: "",
    stderr: [
      `${dir}/trader.yml:2: leds.brightness: "300" makes no sense. Give a whole number from 0 to 255.`,
      `${dir}/trader.yml:4: log.levle: is not known. Did you mean "level"?`,
      "trader: trader.yml has 2 mistakes; nothing was started.",
      "",
    ].join("\n"),
  });
});
