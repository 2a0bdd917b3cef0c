// Installs LibTorch from PyPI into the cache. pip only downloads, checks hashes and unpacks, so that mirrors, proxies and
// offline wheel folders work as people have set them; no Python runs afterwards.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { cacheDir, fillFolder, makeFolder, SetupError } from "./cache.mjs";
import { cachedLibtorch, hasGpu, inspect, OLDEST, PINNED } from "./libtorch.mjs";
import { SETUP_COMMAND } from "./native.mjs";

/** @typedef {import("./libtorch.mjs").Libtorch} Libtorch */
/** @typedef {(done: number, total: number) => void} OnBytes */

/** Wheels exist for these; any other python3 can still download those of 3.12. */
const PYTHONS = /^3\.1[1-4]$/;
// Bytes free: the wheels and what they unpack to lie side by side for a moment.
const ROOM = { cpu: 2.5e9, cuda: 9e9 };

/**
 * Installs LibTorch into the cache, under a temporary name that is then renamed.
 * @param {{ gpu?: boolean, version?: string, requirements?: string[], onBytes?: OnBytes }} [options] `requirements` are pip
 *   arguments in place of the pinned file with hashes, for another `version`
 * @returns {Promise<Libtorch>}
 * @throws {SetupError} naming what failed: network, disk, permission, hashes, no wheel for this platform
 */
export async function installLibtorch({ gpu = hasGpu(), version = PINNED, requirements, onBytes } = {}) {
  const kind = gpu ? "cuda" : "cpu";
  const path = cachedLibtorch(version, kind);
  const folder = dirname(path);
  makeFolder(dirname(folder));
  const { bavail, bsize } = statfsSync(dirname(folder));
  if (bavail * bsize < ROOM[kind])
    throw new SetupError(
      `Expected ${ROOM[kind] / 1e9} GB free for LibTorch in ${cacheDir()}, found ${((bavail * bsize) / 1e9).toFixed(1)} GB; free some space or set UNLABEL_CACHE to a folder on another disk.`,
    );
  const pinned = ["--require-hashes", "--requirement", join(import.meta.dirname, `requirements-${kind}.txt`)];
  await fillFolder(folder, async (temporary) => {
    // A folder of that name that is not a whole LibTorch is in the way of the new one.
    if (existsSync(folder) && "problem" in inspect(path)) rmSync(folder, { recursive: true });
    await pipInstall(temporary, requirements ?? pinned, onBytes);
    prune(temporary, kind, version);
  });
  const seen = inspect(path);
  if ("problem" in seen)
    throw new SetupError(
      `Expected pip to install LibTorch into ${path}, but ${seen.problem}; remove it and run \`${SETUP_COMMAND}\`.`,
    );
  return { path, version: seen.version, why: "installed by set-up" };
}

/** The version of the python3 on PATH, such as "3.11", if it has pip. */
export function pythonWithPip() {
  const code = "import importlib.util as u, sys; print('%d.%d' % sys.version_info[:2] if u.find_spec('pip') else '')";
  return spawnSync("python3", ["-c", code], { cwd: import.meta.dirname, encoding: "utf8" }).stdout?.trim() || null;
}

/**
 * @param {string} target
 * @param {string[]} requirements
 * @param {OnBytes | undefined} onBytes
 */
async function pipInstall(target, requirements, onBytes) {
  const python = pythonWithPip();
  if (!python)
    throw new SetupError(
      `Expected python3 with pip to download LibTorch, found none on PATH; install them (Debian: apt-get install python3-pip) and run \`${SETUP_COMMAND}\`.`,
    );
  // pip unpacks into TMPDIR first: beside the target, so that the move is a rename and a small /tmp does no harm.
  const downloads = join(target, ".pip");
  makeFolder(downloads);
  const args = [
    "-m",
    "pip",
    "install",
    "--no-deps",
    "--no-compile",
    "--no-input",
    "--no-cache-dir",
    "--only-binary=:all:",
  ];
  if (!PYTHONS.test(python)) args.push("--python-version", "3.12");
  args.push("--progress-bar", "off", "--disable-pip-version-check", "--root-user-action", "ignore", "--target", target);
  // Debian marks its Python as managed by apt; a folder of our own does not concern it.
  const env = { ...process.env, TMPDIR: downloads, PIP_BREAK_SYSTEM_PACKAGES: "1", PYTHONUNBUFFERED: "1" };
  const child = spawn("python3", [...args, ...requirements], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const timer = setInterval(() => onBytes?.(...progress(output, downloads)), 200);
  const stop = () => child.kill();
  process.once("exit", stop);
  const code = await new Promise((resolve) => {
    child.on("close", resolve);
    child.on("error", () => resolve(1));
  });
  clearInterval(timer);
  process.off("exit", stop);
  if (code !== 0) throw new SetupError(diagnose(output, target));
  rmSync(downloads, { recursive: true, force: true });
}

/**
 * How many bytes of the wheels announced so far have arrived: pip prints the sizes, the growing files tell the rest.
 * @param {string} output
 * @param {string} downloads
 * @returns {[done: number, total: number]}
 */
function progress(output, downloads) {
  const unit = { kB: 1e3, MB: 1e6, GB: 1e9 };
  let total = 0;
  for (const [, size, of] of output.matchAll(/Downloading \S+(?: \S+)*? \(([\d.]+) ([kMG]B)\)/g))
    total += Number(size) * unit[/** @type {"kB"} */ (of)];
  let done = 0;
  try {
    for (const folder of readdirSync(downloads)) {
      if (!folder.startsWith("pip-unpack-")) continue;
      for (const name of readdirSync(join(downloads, folder))) done += statSync(join(downloads, folder, name)).size;
    }
  } catch {
    // A file moved between the listing and the look.
  }
  return [Math.min(done, total), total];
}

/**
 * One line for what kept pip from installing.
 * @param {string} output
 * @param {string} target
 */
export function diagnose(output, target) {
  const last =
    output
      .trim()
      .split("\n")
      .filter((line) => /error/i.test(line))
      .at(-1)
      ?.trim() ??
    output.trim().split("\n").at(-1) ??
    "";
  const cache = dirname(dirname(target));
  if (/No space left on device|Errno 28/.test(output))
    return `Expected room for LibTorch in ${cache}, but the disk is full; free some space or set UNLABEL_CACHE to a folder on another disk, then run \`${SETUP_COMMAND}\`.`;
  if (/Permission denied|Errno 13|Read-only file system|Errno 30/.test(output))
    return `Expected to write LibTorch into ${cache}, but there is no permission; set UNLABEL_CACHE to a folder that you can write to, then run \`${SETUP_COMMAND}\`.`;
  if (/DO NOT MATCH THE HASHES/.test(output))
    return `Expected the LibTorch that pip downloads to have the pinned hashes, got another file (${last}); check the package index that pip is set to, then run \`${SETUP_COMMAND}\`.`;
  if (
    /NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Network is unreachable|Connection (refused|reset|aborted|broken)|IncompleteRead|from versions: none/.test(
      output,
    )
  )
    return `Expected pip to download LibTorch from its package index, but the index does not answer; check the network (or pip's index, proxy or find-links), or set LIBTORCH to a LibTorch that you have, then run \`${SETUP_COMMAND}\`.`;
  if (/No matching distribution|not a supported wheel/.test(output))
    return `Expected a LibTorch wheel for ${process.platform} ${process.arch}, pip's index has none; set LIBTORCH to a LibTorch >= ${OLDEST} that you have, then run \`${SETUP_COMMAND}\`.`;
  return `Expected pip to install LibTorch into ${cache}, it said: ${last}; mend that and run \`${SETUP_COMMAND}\`.`;
}

/**
 * Removes what nothing here uses: all Python, and without a GPU all that is for one. NCCL's library is built with NVIDIA's headers.
 * @param {string} folder
 * @param {"cpu" | "cuda"} kind
 * @param {string} version
 */
function prune(folder, kind, version) {
  // torch/lib, torch/include and torch/share/cmake (it tells the string layout) stay, as in LibTorch's own archive.
  for (const name of readdirSync(folder))
    if (!["torch", "torch.libs", "nvidia"].includes(name)) remove(join(folder, name));
  const torch = join(folder, "torch");
  for (const name of readdirSync(torch)) if (!["lib", "include", "share"].includes(name)) remove(join(torch, name));
  writeFileSync(join(torch, "build-version"), `${version}\n`);

  const gpuLibrary = /cuda|nvshmem|nvrtc|shm|python/;
  for (const name of readdirSync(join(torch, "lib")))
    if (kind === "cpu" ? gpuLibrary.test(name) : /python|shm_windows/.test(name)) remove(join(torch, "lib", name));
  if (!existsSync(join(folder, "nvidia"))) return;
  for (const file of readdirSync(join(folder, "nvidia"), { recursive: true, withFileTypes: true })) {
    const at = file.parentPath ?? file.path;
    const isLibrary = /\.so(\.|$)/.test(file.name) && (kind === "cuda" || /^lib(cudart|cupti)\.so/.test(file.name));
    const isHeader = kind === "cuda" && at.split(sep).includes("include");
    if (!file.isDirectory() && !isLibrary && !isHeader) remove(join(at, file.name));
  }
}

/** @param {string} path */
const remove = (path) => rmSync(path, { recursive: true, force: true });
