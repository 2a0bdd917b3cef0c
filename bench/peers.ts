// The other side: a Python with PyTorch, torchvision, lightly and scikit-learn, and scripts that run in it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { partOf, placed } from "../scripts/part-folder.ts";
import { type Outcome, runChild } from "./child.ts";

const PACKAGES = ["torch", "torchvision", "lightly", "scikit-learn"];

export interface Peers {
  /** Environment in which `python3` finds the packages. */
  env: NodeJS.ProcessEnv;
  /** Versions by package; null where one is missing. */
  versions: Record<"python" | "torch" | "torchvision" | "lightly" | "sklearn", string | null>;
}

/**
 * Finds the packages in `UNLABEL_PEERS` (one folder or more, as in PYTHONPATH), or installs their newest versions from PyPI
 * into the cache once.
 *
 * @throws {UserError} where there is no Python, or no PyTorch in it
 */
export function findPeers(say: (text: string) => void): Peers {
  const folders = process.env.UNLABEL_PEERS ?? installed(say);
  for (const folder of folders.split(delimiter)) {
    if (!existsSync(folder))
      throw new UserError(`Expected a folder of Python packages in UNLABEL_PEERS, got ${folder}`);
  }
  const env = { ...process.env, PYTHONPATH: folders, PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const code = `
import importlib, json, platform
found = {"python": platform.python_version()}
for name in ("torch", "torchvision", "lightly", "sklearn"):
    try: found[name] = importlib.import_module(name).__version__
    except ImportError: found[name] = None
print(json.dumps(found))`;
  const versions: Peers["versions"] = JSON.parse(python(["-c", code], env));
  if (versions.torch === null) {
    throw new UserError(
      `Expected PyTorch for Python ${versions.python} in ${folders}, found none; unset UNLABEL_PEERS`,
    );
  }
  return { env, versions };
}

/** Loading processes that a peer is tried with: it has those that suit it best. */
export function workerCounts(threads: number): number[] {
  return [0, 1, 2, 4, 8, 16, 32].filter((count) => count <= Math.max(2, threads));
}

function installed(say: (text: string) => void): string {
  const version = python(["-c", "import platform; print('.'.join(platform.python_version_tuple()[:2]))"], process.env);
  const folder = join(cacheDir(), `peers-${version}`);
  if (existsSync(folder)) return folder;
  say(`Installing ${PACKAGES.join(", ")} into ${folder}: some gigabytes, once`);
  const part = partOf(folder);
  python(["-m", "pip", "install", "--quiet", "--no-input", "--target", part, ...PACKAGES], process.env);
  return placed(part, folder);
}

function python(args: string[], env: NodeJS.ProcessEnv): string {
  try {
    return execFileSync("python3", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UserError(`Expected python3 with pip for the other side of the bench, but it failed: ${why}`);
  }
}

/**
 * The script of this name: the one beside the repository where there is one, else ours.
 *
 * @throws {UserError} where there is neither
 */
export function peerScript(name: string): string {
  const found = [
    join(import.meta.dirname, "..", "..", "shared", "peers", name),
    join(import.meta.dirname, "peers", name),
  ].find((path) => existsSync(path));
  if (found) return found;
  throw new UserError(`Expected ${name} in bench/peers or ../shared/peers, found it in neither`);
}

/**
 * Runs a peer's script and reads the JSON object that its last line is.
 *
 * @param before words that start it, before its own
 */
export function runPeer(
  peers: Peers,
  script: string,
  args: string[],
  threads: number,
  before: readonly string[] = [],
): Promise<Outcome> {
  const [file = "python3", ...rest] = [...before, "python3", peerScript(script), ...args];
  return runChild(file, rest, { ...peers.env, OMP_NUM_THREADS: String(threads) });
}
