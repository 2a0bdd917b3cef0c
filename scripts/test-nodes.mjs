// `npm run test:nodes`: the packed packages, installed and used on every line of Node that is supported, and the refusal
// of older ones. Node's programs come from the npm packages that the package `node` chooses from, into the cache.
// Exits 3 where the package index does not answer, so that nobody takes that for a pass.
import { execFile } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cacheDir, exitWith, fillFolder, OLDEST_NODE, reporter } from "../packages/torch/setup/index.mjs";
import { close, runTests } from "./run-tests.mjs";

/** Lines of Node that are supported: of each, the newest is tried. */
const LINES = [OLDEST_NODE, "22", "24", "26"];
/** Lines of Node that distributions still ship and that are refused. */
const REFUSED = ["12", "18"];
const PACKAGE = `node-${process.platform}-${process.arch}`;

const { step } = reporter();
/** npm's output; outside the clone, whose workspaces it would otherwise take for its own. */
const npm = async (...args) => (await promisify(execFile)("npm", args, { cwd: tmpdir(), maxBuffer: 1e8 })).stdout;

/** Whether npm, not this machine's disk, kept a Node from being had. */
const npmFailed = (error) => typeof error.stderr === "string" && !/ENOSPC|EACCES|EPERM|EROFS/.test(error.stderr);

/** The newest version of a line among all that there are. */
function newest(line, versions) {
  const numbers = (version) => version.split(".").map(Number);
  return versions
    .filter((version) => version.startsWith(`${line}.`))
    .sort((one, other) => {
      const [a, b] = [numbers(one), numbers(other)];
      return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
    })
    .at(-1);
}

/** The folder that holds the program of a version: from the cache, else from the package index. */
async function nodeProgram(version) {
  const folder = join(cacheDir(), "node", version);
  const found = { did: false, text: `Node ${version} (${folder})`, path: join(folder, "bin") };
  if (existsSync(folder)) return found;
  await fillFolder(folder, async (temporary) => {
    await npm("install", "--prefix", temporary, "--ignore-scripts", "--no-audit", "--no-fund", `${PACKAGE}@${version}`);
    // Its headers and manual take half of the room.
    renameSync(join(temporary, "node_modules", PACKAGE, "bin"), join(temporary, "bin"));
    for (const name of ["node_modules", "package.json", "package-lock.json"])
      rmSync(join(temporary, name), { recursive: true });
  });
  return { ...found, did: true, text: `Node ${version} (installed into ${folder})` };
}

/** Node's programs by their lines; throws where the package index does not answer. */
async function programs() {
  const versions = JSON.parse(await npm("view", PACKAGE, "versions", "--json", "--fetch-retries=0"));
  const found = {};
  for (const line of [...LINES, ...REFUSED]) {
    const version = newest(line, versions);
    if (!version) throw new Error(`${PACKAGE} has no version ${line}`);
    found[line] = { version, ...(await step(`Node ${version}`, () => nodeProgram(version))) };
  }
  return found;
}

async function main() {
  let found;
  try {
    found = await programs();
  } catch (error) {
    if (!npmFailed(error)) throw error;
    const why = /npm error (?!code|errno|syscall|network)(.+)/.exec(error.stderr)?.[1] ?? error.message.split("\n")[0];
    console.log(`The package index does not answer, so nothing was tried on Node ${LINES.join(", ")}: ${why}`);
    process.exitCode = 3;
    return;
  }
  const total = { passed: 0, failed: 0, skipped: [] };
  const count = (what, tally) => {
    console.log(`${what}: ${tally.passed} passed, ${tally.failed} failed.`);
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped.push(...tally.skipped);
  };
  for (const line of LINES) {
    const { version, path } = found[line];
    const compile = line === LINES[0] ? { UNLABEL_TEST_COMPILE: "1" } : {};
    count(`Node ${version}`, runTests(["scripts/pack.test.ts"], { UNLABEL_TEST_NODE: path, ...compile }));
  }
  const old = REFUSED.map((line) => join(found[line].path, "node")).join(delimiter);
  count(
    `Node ${REFUSED.join(" and ")}, refused`,
    runTests(["scripts/support.test.ts"], { UNLABEL_TEST_OLD_NODES: old }),
  );
  close(total);
}

await exitWith(main);
