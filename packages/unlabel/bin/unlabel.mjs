#!/usr/bin/env node
// Starts the command line. OpenMP reads its wait policy once, as LibTorch loads: idle threads that spin would take the
// image reader's cores, so they sleep unless the user says otherwise.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.env.OMP_WAIT_POLICY ??= "passive";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write(
    `error: Expected the built program at ${fileURLToPath(main)}, got nothing; run: npm run setup\n`,
  );
  process.exit(1);
}
const { run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
