import type { Reporter, TestCase, TestModule } from "vitest/node";

/**
 * Says at the end what did not run, and one plain closing line for machines. With TRADER_NO_SKIPS a skipped test is a
 * failure: where everything that the tests need is there, nothing important may be passed over in silence.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    for (const test of skipped) console.log(`SKIPPED  ${test.module.relativeModuleId}: ${test.fullName}${why(test)}`);
    const broken = modules.filter(
      (module) => module.state() === "failed" && [...module.children.allTests()].length === 0,
    );
    console.log(`\n${count("passed")} passed, ${count("failed") + broken.length} failed, ${skipped.length} skipped`);
    if (process.env["TRADER_NO_SKIPS"] !== undefined && skipped.length > 0) {
      console.log("Here nothing may be skipped.");
      process.exitCode = 1;
    }
  }
}

function why(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note !== undefined ? ` (${result.note})` : "";
}
