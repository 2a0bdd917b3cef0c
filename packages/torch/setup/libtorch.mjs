// Finds LibTorch: LIBTORCH, else the torch of the python3 on PATH, else the one that set-up put into the cache.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { cacheDir, SetupError } from "./cache.mjs";
import { atLeast } from "./support.mjs";

/** The oldest LibTorch that the engine supports. */
export const OLDEST = "2.6";
/** The LibTorch that is installed where none is found; its hashes are in requirements-*.txt. */
export const PINNED = "2.15.0";

/** @typedef {{ path: string, version: string, why: string }} Libtorch */

const LIBRARY = process.platform === "darwin" ? "libtorch_cpu.dylib" : "libtorch_cpu.so";

/**
 * The version of an unpacked LibTorch (`build-version`) or of a Python torch folder (`version.py`), without running it.
 * @param {string} path
 * @returns {string | null} such as `2.15.0`, without the build's suffix; null where there is none
 */
export function libtorchVersion(path) {
  for (const [file, pattern] of /** @type {[string, RegExp][]} */ ([
    ["build-version", /^\s*(\d+\.\d+[^+\s]*)/],
    ["version.py", /^__version__\s*=\s*['"](\d+\.\d+[^+'"]*)/m],
  ])) {
    try {
      const found = pattern.exec(readFileSync(join(path, file), "utf8"))?.[1];
      if (found) return found;
    } catch {
      // Not this kind of folder.
    }
  }
  return null;
}

/**
 * What keeps a folder from being used as LibTorch.
 * @param {string} path
 * @returns {{ version: string } | { problem: string }}
 */
export function inspect(path) {
  if (!existsSync(path)) return { problem: "there is no such folder" };
  for (const part of [`lib/${LIBRARY}`, "include/ATen/ATen.h", "include/torch/csrc/api/include/torch/version.h"])
    if (!existsSync(join(path, part))) return { problem: `it has no ${part}` };
  const version = libtorchVersion(path);
  if (!version) return { problem: "it has neither build-version nor version.py" };
  if (!atLeast(version, OLDEST)) return { problem: `its version is ${version}, older than ${OLDEST}` };
  return { version };
}

/**
 * The LibTorch that `LIBTORCH` names; null where it is not set.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Libtorch | null}
 * @throws {SetupError} where it is set to something else: what was asked for is never replaced by another
 */
export function libtorchFromEnv(env = process.env) {
  if (!env.LIBTORCH) return null;
  const path = resolve(env.LIBTORCH);
  const seen = inspect(path);
  if ("version" in seen) return { path, version: seen.version, why: "LIBTORCH" };
  throw new SetupError(
    `Expected LIBTORCH to be an unpacked LibTorch >= ${OLDEST} or the torch folder of a Python environment, got ${path}: ${seen.problem}; run \`unset LIBTORCH\` or point it elsewhere.`,
  );
}

/**
 * The torch folder of the python3 on PATH, found without importing it (that takes seconds).
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | null}
 */
function pythonTorch(env) {
  const code = "import importlib.util as u; s = u.find_spec('torch'); print(s.origin if s and s.origin else '')";
  // The working folder comes first in Python's search path: one that can hold no `torch` folder of somebody's.
  const { stdout } = spawnSync("python3", ["-c", code], {
    env,
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: 20_000,
  });
  const origin = stdout?.trim();
  return origin ? dirname(origin) : null;
}

/** Whether an NVIDIA GPU answers on this machine. */
export function hasGpu() {
  const { status, stdout } = spawnSync("nvidia-smi", ["-L"], { encoding: "utf8", timeout: 20_000 });
  return status === 0 && stdout.includes("GPU ");
}

/**
 * Where set-up puts a LibTorch of its own.
 * @param {string} version
 * @param {"cpu" | "cuda"} kind
 * @param {NodeJS.ProcessEnv} [env]
 */
export function cachedLibtorch(version, kind, env = process.env) {
  // Machines of several kinds may share a cache.
  const other = process.platform === "linux" && process.arch === "x64" ? "" : `-${process.platform}-${process.arch}`;
  return join(cacheDir(env), "libtorch", `${version}-${kind}${other}`, "torch");
}

/**
 * Finds LibTorch: `LIBTORCH`, then the torch of the `python3` on PATH (2.6 or newer), then the cache.
 * @param {{ env?: NodeJS.ProcessEnv, gpu?: boolean, looked?: string[] }} [options] `looked` receives what was found wanting, and where
 * @returns {Libtorch | null} `path` holds `lib/` and `include/`; null where there is none, and set-up should install it
 * @throws {SetupError} where `LIBTORCH` is set to something that is not LibTorch
 */
export function findLibtorch({ env = process.env, gpu = hasGpu(), looked = [] } = {}) {
  const named = libtorchFromEnv(env);
  if (named) return named;
  looked.push("LIBTORCH is not set");

  const python = pythonTorch(env);
  if (python) {
    const seen = inspect(python);
    if ("version" in seen) return { path: python, version: seen.version, why: "torch of python3 on PATH" };
    looked.push(`python3's torch in ${python} cannot be used: ${seen.problem}`);
  } else looked.push("python3 on PATH has no torch");

  // The CUDA build runs without a GPU too, so it will do where it is there already.
  for (const kind of /** @type {("cpu" | "cuda")[]} */ (gpu ? ["cuda"] : ["cpu", "cuda"])) {
    const path = cachedLibtorch(PINNED, kind, env);
    const seen = inspect(path);
    if ("version" in seen) return { path, version: seen.version, why: "installed by set-up" };
    looked.push(`no LibTorch in ${dirname(path)}`);
  }
  return null;
}
