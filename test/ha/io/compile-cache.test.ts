import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const helper = fileURLToPath(new URL("../../../ha/io/compile-cache.ts", import.meta.url));

test("what a process has compiled is kept although it is killed", async () => {
  const cache = mkdtempSync(join(tmpdir(), "trader-compiled-"));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  // Written after the flush, which runs in the timer that was set first.
  const program =
    `import { keepCompiled } from ${JSON.stringify(helper)};\n` +
    `keepCompiled(1); setTimeout(() => console.log("kept"), 20); setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  // Its types were stripped, and it was compiled.
  expect(files.length).toBeGreaterThanOrEqual(2);
});
