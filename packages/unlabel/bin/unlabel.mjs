#!/usr/bin/env node
// Starts the command line.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write(
    `error: Expected the built program at ${fileURLToPath(main)}, got nothing; run: npm run setup\n`,
  );
  process.exit(1);
}
const { run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
