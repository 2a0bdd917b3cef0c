#!/usr/bin/env node
// Starts the command line. A Node that is refused reads this file too, so it has no syntax and imports no module that
// Node 12 lacks.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

let ended = false;
// A Node whose work has all stopped before the command came to its end would exit with 0.
process.on("exit", (code) => {
  if (code === 0 && !ended)
    process.exitCode = refuse("Expected the command to come to its end, but nothing was left to do");
});

start(process.argv.slice(2)).then((code) => {
  ended = true;
  process.exitCode = code;
});

/** @param {string[]} args */
async function start(args) {
  const main = new URL("../dist/cli/main.js", import.meta.url);
  if (!existsSync(main))
    return refuse(`Expected the built program at ${fileURLToPath(main)}, got nothing; run: npm run setup`);
  const { unsupported } = await import("@unlabel/torch/setup/support");
  const reason = unsupported();
  if (reason) return refuse(reason);
  const { run } = await import(main.href);
  return run(args);
}

/**
 * Says why nothing was done, as every command says its errors, and returns the exit code.
 * @param {string} reason
 */
function refuse(reason) {
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: reason })}\n`);
  process.stderr.write(`error: ${reason}\n`);
  return 1;
}
