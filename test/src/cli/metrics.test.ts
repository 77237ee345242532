import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

const trader = (...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { timeout: 20_000 }, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });

test("trader metrics prints JSON for a packed or plain file, and one line that names a file it cannot use", async () => {
  const dir = mkdtempSync(join(tmpdir(), "trader-metrics-"));
  try {
    const [packed, plain, short] = [join(dir, "a.csv.gz"), join(dir, "b.csv"), join(dir, "c.csv")];
    const days = ["2024-01-02", "2024-01-03", "2024-01-04"];
    const table = (symbol: string, prices: readonly number[]): string =>
      ["symbol,date,adjclose", ...prices.map((price, index) => `${symbol},${days[index]},${price}`)].join("\n");
    writeFileSync(packed, gzipSync(table("A", [100, 110, 99])));
    writeFileSync(plain, table("^B", [100, 105, 99.75]));
    writeFileSync(short, table("C", [1]));
    const { stdout } = await trader("metrics", packed, "--benchmark", plain);
    expect(JSON.parse(stdout)).toMatchObject({ symbol: "A", vs_B: { n: 2, beta: expect.closeTo(2, 12) } });
    const refused = await trader("metrics", short);
    expect(refused).toEqual({ stdout: "", stderr: `trader: ${short}: C has 1 closing prices; a return needs two\n` });
    expect((await trader("metrics", join(dir, "none"))).stderr).toMatch(/^trader: cannot read .*none: ENOENT.*\n$/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
