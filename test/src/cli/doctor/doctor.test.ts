import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createCluster } from "../../../../ha/io/create-cluster.ts";
import { readNodeConfig, writeNodeConfig } from "../../../../ha/io/node-files.ts";
import { litestreamPath } from "../../../../src/cli/fetch-litestream.ts";
import { freePort } from "../../../support/free-port.ts";

const main = fileURLToPath(new URL("../../../../src/cli/main.ts", import.meta.url));
const findings = z.array(z.object({ check: z.string(), level: z.string(), detail: z.string() }));
let dir: string;

beforeAll(async () => {
  dir = join(mkdtempSync(join(tmpdir(), "trader-doctor-")), "a");
  const ports = { app: await freePort(), agent: await freePort(), link: await freePort() };
  const arbiter = { kind: "standalone" as const, targets: [] };
  await createCluster({ dir, name: "uno-a", cluster: "home", arbiter, preset: "wifi", host: "127.0.0.1", ports });
  await litestreamPath(() => undefined);
});
afterAll(() => rmSync(join(dir, ".."), { recursive: true }));

const doctor = (env: NodeJS.ProcessEnv = {}): Promise<{ code: number; failed: string[]; text: string }> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 25_000 };
    execFile(process.execPath, [main, "doctor", "--json", "--data", dir], options, (error, stdout, stderr) => {
      if (stdout === "") return resolve({ code: Number(error?.code), failed: [], text: stderr });
      const failed = findings.parse(JSON.parse(stdout)).filter(({ level }) => level === "fail");
      const text = failed.map(({ detail }) => detail).join("\n");
      return resolve({ code: error === null ? 0 : Number(error.code), failed: failed.map(({ check }) => check), text });
    });
  });

test("a node that is set up and does not run yet has nothing that fails", async () => {
  expect(await doctor()).toEqual({ code: 0, failed: [], text: "" });
});

test("secrets that others may read, a port that another program holds, and a wrong Litestream fail, each by name", async () => {
  const { ports } = readNodeConfig(dir);
  chmodSync(join(dir, "secrets.json"), 0o644);
  const squatter = createServer().listen(ports.link, "127.0.0.1");
  await once(squatter, "listening");
  const wrong = join(dir, "litestream");
  writeFileSync(wrong, "#!/bin/sh\necho 0.3.13\n", { mode: 0o755 });
  try {
    const { code, failed, text } = await doctor({ LITESTREAM_BIN: wrong });
    expect({ code, failed }).toEqual({ code: 2, failed: ["ports", "litestream", "permissions"] });
    expect(text).toContain(`link ${ports.link} is held by another program`);
    expect(text).toContain("is version 0.3.13");
    expect(text).toContain("secrets.json is open to others (644)");
  } finally {
    chmodSync(join(dir, "secrets.json"), 0o600);
    squatter.close();
  }
});

test("a host that is another machine's fails, and so does a clock that is behind the node's own files", async () => {
  const config = readNodeConfig(dir);
  writeNodeConfig(dir, { ...config, host: "192.0.2.7" });
  utimesSync(join(dir, "roster.json"), Date.now() / 1_000 + 7_200, Date.now() / 1_000 + 7_200);
  try {
    expect(await doctor()).toMatchObject({ code: 2, failed: ["clock", "address"] });
  } finally {
    writeNodeConfig(dir, config);
    utimesSync(join(dir, "roster.json"), Date.now() / 1_000, Date.now() / 1_000);
  }
});
