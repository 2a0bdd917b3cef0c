// All of set-up, a line a step: system packages, LibTorch, native parts.
import { dirname } from "node:path";
import { cacheDir, SetupError } from "./cache.mjs";
import { installLibtorch } from "./install.mjs";
import { findLibtorch, PINNED } from "./libtorch.mjs";
import { buildNative, ENGINE_SOURCES, missingForNccl, NCCL_SOURCES, SETUP_COMMAND } from "./native.mjs";
import { reporter } from "./steps.mjs";
import { unsupported } from "./support.mjs";
import { systemPackages } from "./system.mjs";

/** @typedef {import("./steps.mjs").Step} Step */
/** @typedef {{ name: string, folder: string }} Part a native part: its CMake target and its sources */

/**
 * Makes this machine ready: finds what is there, installs and builds what is not.
 * @param {{ quiet?: boolean, parts?: Part[], onStep?: Step }} [options] `parts` are native parts beside the engine;
 *   `onStep` runs each step in place of the lines on stderr
 * @returns {Promise<{ libtorch: import("./libtorch.mjs").Libtorch }>}
 * @throws {import("./cache.mjs").SetupError} with one line: what was looked for, where, and the command that mends it
 */
export async function setup({ quiet = false, parts = [], onStep } = {}) {
  const reason = unsupported();
  if (reason) throw new SetupError(reason);
  const step = onStep ?? reporter({ quiet }).step;
  await step("System packages", () => systemPackages(["compiler", "cmake", "make", "jpeg"]));
  const libtorch = await prepareLibtorch(step);
  for (const { name, folder } of [{ name: "torch", folder: ENGINE_SOURCES }, ...parts])
    await step(`Native part "${name}"`, async (progress) => {
      const { addon, built } = await buildNative(name, { folder, libtorch, onProgress: progress });
      return { did: built, text: `Native part "${name}" (${built ? "compiled into " : ""}${addon})` };
    });
  const missing = missingForNccl(libtorch);
  if (missing) await step('Native part "nccl"', (progress) => prepareNccl(libtorch, missing, progress));
  return { libtorch };
}

/**
 * NCCL's process group is for several GPUs alone: where it cannot be built, Gloo serves them, and all else is ready.
 * @param {import("./libtorch.mjs").Libtorch} libtorch
 * @param {string[]} missing wheels whose headers do not lie beside it
 * @param {import("./steps.mjs").Progress} progress
 */
async function prepareNccl(libtorch, missing, progress) {
  const leftOut = 'Native part "nccl" left out, several GPUs will go through Gloo';
  if (missing.length > 0) {
    const folder = dirname(libtorch.path);
    const mend = folder.startsWith(cacheDir())
      ? `remove ${folder} and run \`${SETUP_COMMAND}\` again`
      : `install these wheels beside it and run \`${SETUP_COMMAND}\` again`;
    const text = `${leftOut}: expected the headers of ${missing.join(", ")} in ${folder}, found none; ${mend}`;
    return { did: false, text };
  }
  try {
    const { addon, built } = await buildNative("nccl", { folder: NCCL_SOURCES, libtorch, onProgress: progress });
    return { did: built, text: `Native part "nccl" (${built ? "compiled into " : ""}${addon})` };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return {
      did: true,
      text: `${leftOut}: ${error.message.split("\n")[0]}`,
    };
  }
}

/** @param {Step} step */
async function prepareLibtorch(step) {
  const looked = /** @type {string[]} */ ([]);
  const found = findLibtorch({ looked });
  if (found) {
    await step("LibTorch", () => ({ did: false, text: `LibTorch ${found.version} (${found.why}: ${found.path})` }));
    return found;
  }
  await step("LibTorch", () => ({ did: true, text: `LibTorch ${PINNED} will be installed: ${looked.join("; ")}` }));
  await step("Downloader", () => systemPackages(["pip"]));
  const { libtorch } = await step("LibTorch", async (progress) => {
    const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e6);
    const libtorch = await installLibtorch({
      onBytes: (done, total) => total > 0 && progress(done / total, `${megabytes(done)} of ${megabytes(total)} MB`),
    });
    return { did: true, text: `LibTorch ${libtorch.version} (installed into ${libtorch.path})`, libtorch };
  });
  return libtorch;
}
