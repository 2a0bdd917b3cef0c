// The work of `npm run setup`, on a Node that is supported.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { exitWith, reporter, SetupError, setup, systemPackages } from "../packages/torch/setup/index.mjs";

const ROOT = join(import.meta.dirname, "..");
const PACKAGES = ["packages/torch", "packages/unlabel", "examples/demo"];
/** The scripts of pages that are served, which browsers run. */
const PAGES = "packages/unlabel/tsconfig.pages.json";
/** Where those scripts are, bundled; what is there is older than the stamp. */
const BUNDLE = "packages/unlabel/dist/studio/pages/studio.js";
const STAMP = join(ROOT, "node_modules", ".cache", "unlabel", "built");

/** When a file was last changed; 0 where there is none. */
const changed = (path) => statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** All files below a folder, relative to the root. */
const filesBelow = (folder) =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name))
    : [];

/** Runs a program to its end and returns what it printed; a failure carries the same. */
function output(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.stderr.on("data", (chunk) => (text += chunk));
    child.on("error", (error) => resolve({ code: 1, text: error.message }));
    child.on("close", (code) => resolve({ code, text: text.trim() }));
  });
}

/** One clause for what kept npm from installing. */
function diagnoseNpm(text) {
  const lines = text.split("\n");
  const said =
    lines.find((line) => /^npm (error|ERR!)/.test(line) && !/complete log|^npm \S+\s*$/.test(line)) ?? lines[0];
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|ERR_SOCKET_TIMEOUT/.test(text))
    return `the package registry does not answer (${said}); check the network or npm's registry and proxy settings`;
  if (/ENOSPC/.test(text)) return "the disk is full; free some space";
  if (/EACCES|EPERM|EROFS/.test(text))
    return `there is no permission to write into ${join(ROOT, "node_modules")}; make the clone your own`;
  return `it said: ${said}`;
}

async function nodePackages() {
  // npm writes the hidden lock file last, so an interrupted install counts as none.
  if (changed("node_modules/.package-lock.json") >= changed("package-lock.json"))
    return { did: false, text: "Node packages" };
  const { code, text } = await output("npm", ["ci"]);
  if (code !== 0)
    throw new SetupError(
      `Expected \`npm ci\` to install the Node packages, but ${diagnoseNpm(text)}, then run \`npm run setup\`.`,
    );
  return { did: true, text: "Node packages (installed)" };
}

async function typescript() {
  const sources = PACKAGES.flatMap((folder) => [
    ...filesBelow(`${folder}/src`),
    `${folder}/tsconfig.json`,
    `${folder}/package.json`,
  ]);
  const newest = Math.max(
    ...[
      ...sources,
      "tsconfig.base.json",
      "packages/torch/setup/index.d.mts",
      PAGES,
      "scripts/pages.mjs",
      "package-lock.json",
    ].map(changed),
  );
  const built = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > newest && changed(BUNDLE) > 0 && PACKAGES.every((folder) => changed(`${folder}/dist/.tsbuildinfo`) > 0))
    return { did: false, text: "TypeScript" };
  const start = Date.now() / 1000;
  const { code, text } = await output(join(ROOT, "node_modules", ".bin", "tsc"), ["-b", ...PACKAGES, PAGES]);
  if (code !== 0)
    throw new SetupError(
      `Expected the packages to compile, got:\n${text.split("\n").slice(0, 20).join("\n")}\nMend that and run \`npm run setup\`.`,
    );
  const { buildPages } = await import("./pages.mjs");
  await buildPages();
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, "");
  // What changes while the compiler runs is newer than the stamp, and compiled the next time.
  utimesSync(STAMP, start, start);
  return { did: true, text: "TypeScript (compiled)" };
}

/** Chromium for the page tests; without it those say so and are skipped, except in CI. */
async function browser() {
  try {
    return await systemPackages(["chromium"]);
  } catch (error) {
    if (process.env.CI || !(error instanceof SetupError)) throw error;
    return { did: true, text: `No Chromium, so the page tests will be skipped: ${error.message}` };
  }
}

/** Runs the steps that the command line asks for; the exit code is 0 where all of them were done. */
export const prepare = () =>
  exitWith(async () => {
    const { values } = parseArgs({
      options: { quiet: { type: "boolean", default: false }, test: { type: "boolean", default: false } },
    });
    const { step } = reporter({ quiet: values.quiet });
    await step("Node packages", nodePackages);
    await setup({ parts: [{ name: "reader", folder: join(ROOT, "packages/unlabel/native") }], onStep: step });
    await step("TypeScript", typescript);
    if (values.test) await step("Chromium", browser);
    process.exitCode = 0;
  });
