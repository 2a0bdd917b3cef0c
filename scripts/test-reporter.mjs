// Counts tests for run-tests.mjs: what failed, and what was skipped and why.
import { writeFileSync } from "node:fs";

/** A vitest reporter that writes `{ passed, failed, skipped }` to the file that TEST_TALLY names. */
export default class Tally {
  onTestRunEnd(modules, unhandledErrors) {
    const tally = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      // A file that cannot be loaded, or a hook that fails, keeps tests from running: it counts as one that failed.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) tally.failed += 1;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === "passed") tally.passed += 1;
        else if (state === "failed") tally.failed += 1;
        else tally.skipped.push({ name: `${module.relativeModuleId}: ${test.fullName}`, why: note ?? "" });
      }
    }
    writeFileSync(process.env.TEST_TALLY, JSON.stringify(tally));
  }
}
