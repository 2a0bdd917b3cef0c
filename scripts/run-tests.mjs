// Runs vitest with its own output to be seen, and tells what came of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/**
 * @param {string[]} args for vitest: paths, `-t name`, …
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 * @param {"inherit" | "ignore"} [stdio] what becomes of vitest's own output
 * @returns {{ passed: number, failed: number, skipped: { name: string, why: string }[] }}
 */
export function runTests(args, env = {}, stdio = "inherit") {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-test-"));
  const file = join(folder, "tally.json");
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", `--reporter=${join(import.meta.dirname, "test-reporter.mjs")}`];
  const { status, signal } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...args], {
    cwd: ROOT,
    stdio,
    env: { ...process.env, ...env, TEST_TALLY: file },
  });
  try {
    const tally = JSON.parse(readFileSync(file, "utf8"));
    // Vitest can fail with no test failed, for one because no file matched.
    if (status !== 0 && tally.failed === 0) tally.failed = 1;
    return tally;
  } catch {
    process.stderr.write(`vitest ended with ${signal ?? status} before it could count.\n`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The closing line, with what was skipped and why above it.
 * @param {{ passed: number, failed: number, skipped: { name: string, why: string }[] }} tally
 */
export function summary({ passed, failed, skipped }) {
  const lines = skipped.map(({ name, why }) => `skipped: ${name}${why && ` (${why})`}`);
  return [
    ...lines,
    `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`,
  ].join("\n");
}

/**
 * Prints the summary and sets the exit code: nothing run is no pass.
 * @param {{ passed: number, failed: number, skipped: { name: string, why: string }[] }} tally
 */
export function close(tally) {
  const { passed, failed } = tally;
  console.log(summary(tally));
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
