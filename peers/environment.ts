// The programs that exports are for: a Python with timm, transformers and ONNX Runtime, and a folder with transformers.js, both kept in the
// cache, outside the tree.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import { partOf, placed } from "../scripts/part-folder.ts";

const PYTHON = ["torch", "torchvision", "timm", "transformers", "onnxruntime", "pillow", "tensorboard"];
/** What goes wrong is told by its last line. */
const QUIET: { stdio: ("ignore" | "pipe")[] } = { stdio: ["ignore", "ignore", "pipe"] };

/** It brings onnxruntime-web, for the browser. */
const NODE = ["@huggingface/transformers@4"];

/** What cannot be had: exit code 3, as other tests that need the package index. */
export class Unreachable extends Error {}

/** A program and its environment. */
export interface Python {
  program: string;
  env: NodeJS.ProcessEnv;
}

/**
 * The Python that `UNLABEL_EXPORT_PYTHON` names, with packages from the folders of `UNLABEL_EXPORT_PEERS` (as in PYTHONPATH); else `python3`
 * with the newest of each package, installed into the cache once.
 *
 * @throws {Unreachable} where the package index does not answer
 */
export function pythonPeers(say: (text: string) => void): Python {
  const program = process.env.UNLABEL_EXPORT_PYTHON ?? "python3";
  const folders = process.env.UNLABEL_EXPORT_PEERS ?? installed(program, say);
  const own = { PYTHONPATH: folders, PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1", HF_HUB_OFFLINE: "1" };
  return { program, env: { ...process.env, ...own, TRANSFORMERS_VERBOSITY: "error" } };
}

function installed(program: string, say: (text: string) => void): string {
  const version = text(program, ["-c", "import platform; print('.'.join(platform.python_version_tuple()[:2]))"]).trim();
  return once(`export-peers-${version}-${digestOf(PYTHON)}`, say, PYTHON, (part) => {
    execFileSync(program, ["-m", "pip", "install", "--quiet", "--no-input", "--target", part, ...PYTHON], QUIET);
  });
}

/** A folder whose node_modules has transformers.js. @throws {Unreachable} likewise */
export function nodePeers(say: (text: string) => void): string {
  return (
    process.env.UNLABEL_EXPORT_NODE ??
    once(`export-peers-node-${digestOf(NODE)}`, say, NODE, (part) => {
      mkdirSync(part);
      writeFileSync(join(part, "package.json"), "{}");
      const how = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
      execFileSync("npm", ["install", ...how, ...NODE], { ...QUIET, cwd: part });
    })
  );
}

/** Another list is another folder. */
function digestOf(packages: readonly string[]): string {
  return createHash("sha256").update(packages.join(" ")).digest("hex").slice(0, 8);
}

/** Failures that are this machine's or the project's own. */
const OURS =
  /ENOSPC|EACCES|EPERM|EROFS|No space left|Permission denied|Read-only file system|ResolutionImpossible|ERESOLVE|conflicting dependencies/;

/** A folder in the cache that `make` fills, whole or not there. */
function once(
  name: string,
  say: (text: string) => void,
  what: readonly string[],
  make: (part: string) => void,
): string {
  const folder = join(cacheDir(), name);
  if (existsSync(folder)) return folder;
  say(`Installing ${what.join(", ")} into ${folder}, once`);
  const part = partOf(folder);
  try {
    make(part);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    // A full disk, a folder that may not be written to, or packages that do not go together are no silence of the index.
    const all = `${error}\n${error instanceof Error && "stderr" in error ? String(error.stderr) : ""}`;
    if (OURS.test(all)) throw error;
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim().split("\n").at(-1) : error;
    throw new Unreachable(`Expected the package index to give ${what.join(", ")}, but it said: ${said}`);
  }
  return placed(part, folder);
}

function text(program: string, args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    throw new Unreachable(`Expected ${program} to run, for ${[...PYTHON].join(", ")}, but it does not`);
  }
}
