// Compiles the native parts with CMake into the cache, keyed by their sources and LibTorch, and finds them at run time.
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { cacheDir, fillFolder, makeFolder, SetupError } from "./cache.mjs";
import { findLibtorch, libtorchFromEnv, libtorchVersion } from "./libtorch.mjs";

/** @typedef {import("./libtorch.mjs").Libtorch} Libtorch */
/** @typedef {{ addon: string, libtorch: Libtorch | null }} Native `addon` is the `.node` file to load */

/** The native part of this package: the bridge to LibTorch. */
export const ENGINE_SOURCES = join(import.meta.dirname, "..", "native");

/** NCCL's process group, a second library that the bridge opens where it is asked for. */
export const NCCL_SOURCES = join(import.meta.dirname, "..", "native-nccl");

/** Headers that NCCL's library is built with, by NVIDIA's wheel that has them. */
const NCCL_HEADERS = {
  "nccl.h": "nvidia-nccl",
  "cuda_runtime_api.h": "nvidia-cuda-runtime",
  "crt/host_defines.h": "nvidia-cuda-crt",
  "nv/target": "nvidia-cuda-cccl",
  "cublas_v2.h": "nvidia-cublas",
  "cusparse.h": "nvidia-cusparse",
  "cusolverDn.h": "nvidia-cusolver",
};

/**
 * What keeps NCCL's library from being built against a LibTorch: the wheels whose headers do not lie beside it, none where all do; null where
 * it is no CUDA build.
 * @param {Libtorch} libtorch
 */
export function missingForNccl({ path }) {
  if (!existsSync(join(path, "lib", "libtorch_cuda.so"))) return null;
  const nvidia = join(path, "..", "nvidia");
  const names = existsSync(nvidia) ? readdirSync(nvidia) : [];
  const folders = names.flatMap((name) => ["include", "include/cccl"].map((folder) => join(nvidia, name, folder)));
  return Object.entries(NCCL_HEADERS).flatMap(([header, wheel]) =>
    folders.some((folder) => existsSync(join(folder, header))) ? [] : [wheel],
  );
}

/** The path of NCCL's library; null where set-up could not build it. */
export function locateNccl() {
  try {
    return locateNative("nccl", NCCL_SOURCES).addon;
  } catch (error) {
    if (error instanceof SetupError) return null;
    throw error;
  }
}

/** The one command that sets up, as it is typed in a clone or beside an installed package. */
export const SETUP_COMMAND = import.meta.dirname.split(sep).includes("node_modules")
  ? "npx unlabel setup"
  : "npm run setup";

/**
 * A fingerprint of a native part's sources.
 * @param {string} folder
 */
function sourceHash(folder) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const name of /** @type {string[]} */ (readdirSync(folder, { recursive: true })).sort()) {
    if (!/^CMakeLists\.txt$|\.(cc|h)$/.test(name)) continue;
    hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Whether a native part is built against LibTorch: its CMakeLists.txt says so by asking for `LIBTORCH`.
 * @param {string} folder
 */
export const needsLibtorch = (folder) => readFileSync(join(folder, "CMakeLists.txt"), "utf8").includes("LIBTORCH");

/** @type {string | undefined} */
let library;

/** The version of the C library, where it is GNU's: what was compiled with a newer one does not open with an older. */
function libcVersion() {
  if (library === undefined) {
    // The network's part takes long; what a program's own reports have is its business.
    const report = /** @type {NodeJS.ProcessReport & { excludeNetwork?: boolean }} */ (process.report);
    const own = report.excludeNetwork;
    report.excludeNetwork = true;
    const { header } = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (report.getReport());
    report.excludeNetwork = own ?? false;
    library = header?.glibcVersionRuntime ?? "";
  }
  return library;
}

/**
 * Machines that share a cache, such as a cluster's, may have other C libraries, and each then has a part of its own.
 *
 * @param {string} name
 * @param {string} source
 * @param {Libtorch | null} libtorch
 */
function addonPath(name, source, libtorch) {
  const engine = libtorch ? `${libtorch.path}\0${libtorch.version}` : "";
  const key = createHash("sha256").update(`${source}\0${engine}\0${libcVersion()}`).digest("hex").slice(0, 16);
  return join(cacheDir(), "native", `${name}-${key}`, `${name}.node`);
}

/**
 * Which LibTorch set-up chose for these sources, so that starting needs no search.
 * @param {string} name
 * @param {string} source
 */
const choiceFile = (name, source) => join(cacheDir(), "native", `${name}-${source}.json`);

/**
 * Finds a compiled native part, in a few milliseconds and without starting another program.
 * @param {string} name the CMake target
 * @param {string} [folder] its sources
 * @returns {Native}
 * @throws {SetupError} where it, or the LibTorch that it was built against, is missing
 */
export function locateNative(name, folder = ENGINE_SOURCES) {
  const source = sourceHash(folder);
  let libtorch = null;
  if (needsLibtorch(folder)) {
    libtorch = libtorchFromEnv() ?? recordedChoice(name, source);
    if (!libtorch)
      throw new SetupError(
        `Expected the native part "${name}" for the sources in ${folder}, found none in ${join(cacheDir(), "native")}; run \`${SETUP_COMMAND}\`.`,
      );
    const version = libtorchVersion(libtorch.path);
    if (version !== libtorch.version)
      throw new SetupError(
        `Expected LibTorch ${libtorch.version} (${libtorch.why}) in ${libtorch.path}, found ${version ?? "none"}; run \`${SETUP_COMMAND}\`.`,
      );
  }
  const addon = addonPath(name, source, libtorch);
  if (existsSync(addon)) return { addon, libtorch };
  const against = libtorch ? ` against LibTorch ${libtorch.version} in ${libtorch.path}` : "";
  throw new SetupError(
    `Expected the native part "${name}" of the sources in ${folder}${against}, found nothing at ${addon}; run \`${SETUP_COMMAND}\`.`,
  );
}

/**
 * The path of a compiled native part.
 * @param {string} name
 * @param {string} [folder]
 */
export const nativePath = (name, folder) => locateNative(name, folder).addon;

/**
 * The engine: the bridge's `.node` file and the LibTorch that it is linked to.
 * @returns {{ addon: string, libtorch: Libtorch }}
 */
export function locateEngine() {
  const { addon, libtorch } = locateNative("torch");
  if (!libtorch)
    throw new SetupError(`Expected ${ENGINE_SOURCES}/CMakeLists.txt to ask for LIBTORCH; reinstall @unlabel/torch.`);
  return { addon, libtorch };
}

/**
 * @param {string} name
 * @param {string} source
 * @returns {Libtorch | null}
 */
function recordedChoice(name, source) {
  try {
    return JSON.parse(readFileSync(choiceFile(name, source), "utf8"));
  } catch {
    return null;
  }
}

/**
 * Compiles a native part unless it is there already, and records the LibTorch that it is built against.
 * @param {string} name the CMake target
 * @param {{ folder?: string, libtorch?: Libtorch | null, onProgress?: (fraction: number) => void }} [options]
 *   `folder` holds the sources; `libtorch` defaults to the one that {@link findLibtorch} finds
 * @returns {Promise<Native & { built: boolean }>}
 * @throws {SetupError} where the sources or tools are missing, or the compiler refuses
 */
export async function buildNative(name, { folder = ENGINE_SOURCES, libtorch, onProgress } = {}) {
  const source = sourceHash(folder);
  const engine = needsLibtorch(folder) ? (libtorch ?? findLibtorch()) : null;
  if (needsLibtorch(folder) && !engine)
    throw new SetupError(`Expected a LibTorch to build "${name}" against, found none; run \`${SETUP_COMMAND}\`.`);
  const addon = addonPath(name, source, engine);
  const built = !existsSync(addon);
  if (built) await compile(name, folder, engine, join(addon, ".."), onProgress);
  // What LIBTORCH names is asked of the environment at each start; recording it would outlive the variable.
  if (engine && engine.why !== "LIBTORCH") record(choiceFile(name, source), engine);
  return { addon, libtorch: engine, built };
}

/**
 * @param {string} path
 * @param {Libtorch} choice
 */
function record(path, choice) {
  const text = `${JSON.stringify(choice)}\n`;
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  makeFolder(join(path, ".."));
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {Libtorch | null} libtorch
 * @param {string} target
 * @param {((fraction: number) => void) | undefined} onProgress
 */
async function compile(name, folder, libtorch, target, onProgress) {
  await fillFolder(target, async (temporary) => {
    const build = join(temporary, "build");
    await cmake(["-S", folder, "-B", build, ...definitions(libtorch)], name);
    await cmake(["--build", build, "--parallel", "2"], name, onProgress);
    renameSync(join(build, `${name}.node`), join(temporary, `${name}.node`));
    rmSync(build, { recursive: true });
    // A folder of that name without the addon is in the way of the new one.
    if (!existsSync(join(target, `${name}.node`))) rmSync(target, { recursive: true, force: true });
  });
}

/** @param {Libtorch | null} libtorch */
function definitions(libtorch) {
  const require = createRequire(import.meta.url);
  const values = {
    CMAKE_BUILD_TYPE: "Release",
    NODE_HEADERS: require("node-api-headers").include_dir,
    NODE_ADDON_API: dirname(require.resolve("node-addon-api")),
    ...(libtorch && { LIBTORCH: libtorch.path, LIBTORCH_OLD_ABI: oldAbi(libtorch.path) ? "ON" : "OFF" }),
  };
  return Object.entries(values).map(([key, value]) => `-D${key}=${value}`);
}

/**
 * Whether LibTorch was built with GCC's string layout of before 2015, as some builds older than 2.7 were.
 * @param {string} path
 */
function oldAbi(path) {
  const config = join(path, "share", "cmake", "Torch", "TorchConfig.cmake");
  return existsSync(config) && readFileSync(config, "utf8").includes("_GLIBCXX_USE_CXX11_ABI=0");
}

/**
 * @param {string[]} args
 * @param {string} name
 * @param {(fraction: number) => void} [onProgress]
 * @returns {Promise<string>} what it printed
 */
function cmake(args, name, onProgress) {
  return new Promise((resolve, reject) => {
    const child = spawn("cmake", args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    /** @param {Buffer} chunk */
    const collect = (chunk) => {
      output += chunk;
      const percent = String(chunk).match(/\[\s*(\d+)%\]/)?.[1];
      if (percent) onProgress?.(Number(percent) / 100);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) =>
      reject(
        new SetupError(`Expected cmake on PATH to build "${name}", got ${error.message}; run \`${SETUP_COMMAND}\`.`),
      ),
    );
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const first = output.split("\n").findIndex((line) => /error[: ]|No space left|Permission denied/i.test(line));
      const shown = output
        .split("\n")
        .slice(Math.max(0, first), Math.max(0, first) + 12)
        .join("\n")
        .trim();
      reject(
        new SetupError(`Expected the native part "${name}" to compile, cmake ended with ${code ?? signal}:\n${shown}`),
      );
    });
  });
}
