import { defineConfig } from "vitest/config";

/** Suites that freeze, cut and starve real processes: slower, some need root. */
export default defineConfig({
  test: {
    include: ["test/**/*.hard.test.ts"],
    reporters: ["default", "./test/support/closing-line.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
