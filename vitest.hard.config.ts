import { defineConfig } from "vitest/config";

/** These starve the machine, flood it, or judge what happens within fractions of a second: nothing runs beside them. */
const alone = ["freeze", "starve", "io", "disk"]
  .map((what) => `test/e2e/half-deaths-${what}.hard.test.ts`)
  .concat("test/e2e/cuts-flood.hard.test.ts", "test/e2e/haproxy.hard.test.ts", "test/src/led/idle.hard.test.ts");

/** All one after the other, or, by TRADER_HARD, only those that need the machine alone, or the others two at a time. */
const part = process.env["TRADER_HARD"];

/** Suites that freeze, cut and starve real processes: slower, some need root. */
export default defineConfig({
  test: {
    include: part === "alone" ? alone : ["test/**/*.hard.test.ts"],
    exclude: part === "beside" ? alone : [],
    reporters: ["default", "./test/support/closing-line.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: part === "beside",
    maxWorkers: part === "beside" ? 2 : 1,
  },
});
