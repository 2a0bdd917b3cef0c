// `npm test [-- path]`: all tests, or those that vitest's arguments choose; ends with `N passed, N failed`.
import { close, runTests } from "./run-tests.mjs";

close(runTests(process.argv.slice(2)));
