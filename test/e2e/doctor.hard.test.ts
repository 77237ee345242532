import { cpSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { mountSmallDisk, smallDiskMissing, unmount } from "./half-disk.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";

const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const missing = netMissing() ?? smallDiskMissing();
const findings = z.array(z.object({ check: z.string(), level: z.string(), detail: z.string() }));

describe.skipIf(missing !== null)(`the doctor at a running pair (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  beforeAll(async () => {
    pair = await NetPair.make({ arbiter: "manual", preset: "fast" });
  });
  afterAll(() => pair?.stop());

  const examined = async (name: NodeName) =>
    new Map(
      findings
        .parse(JSON.parse(await pair.trader(name, "doctor", "--json")))
        .map(({ check, level, detail }) => [check, { level, detail }]),
    );

  test("on both nodes the ports are theirs, the other's version and clock are known, and the way to it is measured", async () => {
    const primary = await pair.healed();
    for (const name of [primary, other(primary)]) {
      const found = await examined(name);
      expect(found.get("ports")?.detail).toMatch(/held by this node: 4 of 4$/);
      expect(found.get("address")?.level).toBe("ok");
      expect(found.get("multicast")?.level).toBe("ok");
      expect(found.get("peer version")).toMatchObject({
        level: "ok",
        detail: expect.stringContaining("runs the same version"),
      });
      expect(found.get("peer clock")?.level).toBe("ok");
      expect(found.get("ledger size")?.detail).toMatch(/\(measured\)$/);
      expect(found.get("replication")).toMatchObject({
        level: "ok",
        detail: expect.stringMatching(/^Litestream runs/),
      });
      expect(found.get("protection")).toMatchObject({
        level: "ok",
        detail: expect.stringMatching(/^manual\. When the primary dies/),
      });
    }
    expect(await pair.healed()).toBe(primary);
  });

  test("a full disk fails by its room and by what cannot be written, and the command says so by its exit code", async () => {
    const primary = await pair.healed();
    const folder = pair.dataDir("full");
    const argv = [process.execPath, traderMain, "doctor", "--data", folder];
    mkdirSync(folder, { mode: 0o700 });
    expect(mountSmallDisk(folder, 1)).toBe(true);
    try {
      for (const part of ["node.json", "roster.json", "secrets.json", "pki"])
        cpSync(join(pair.dataDir(primary), part), join(folder, part), { recursive: true });
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(join(folder, "filling"), Buffer.alloc(bavail * bsize));
      await expect(pair.command(pair.net.machine(primary), argv)).rejects.toThrow(
        /fail {2}disk speed: .*ENOSPC[^]*fail {2}disk space: 0\.0 MB/,
      );
    } finally {
      unmount(folder);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
