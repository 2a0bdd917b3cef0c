// `npm run rehearse:cuda`: what set-up does on a machine with a GPU of NVIDIA's, on one without: installs the CUDA build of LibTorch into the cache
// (some 6 GB to download, 9 GB of room), builds the native parts against it, NCCL's among them, and asks doctor, which opens its libraries.
// Ends with a line that says what of it held; 1 where something did not. Nothing of it is removed: `rm -r` the folder that it names.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  buildNative,
  exitWith,
  installLibtorch,
  missingForNccl,
  NCCL_SOURCES,
  PINNED,
  reporter,
  SetupError,
  systemPackages,
} from "../packages/torch/setup/index.mjs";
import { cachedLibtorch, inspect } from "../packages/torch/setup/libtorch.mjs";

const { step } = reporter();
const ROOT = join(import.meta.dirname, "..");

async function cudaBuild(progress) {
  const path = cachedLibtorch(PINNED, "cuda");
  if ("version" in inspect(path)) return { did: false, text: `LibTorch ${PINNED} with CUDA (${path})`, path };
  const megabytes = (bytes) => Math.round(bytes / 1e6);
  await installLibtorch({
    gpu: true,
    onBytes: (done, total) => total > 0 && progress(done / total, `${megabytes(done)} of ${megabytes(total)} MB`),
  });
  return { did: true, text: `LibTorch ${PINNED} with CUDA (installed into ${path})`, path };
}

/** A native part, built as set-up builds it. */
function part(name, folder, libtorch) {
  return step(`Native part "${name}"`, async (progress) => {
    const { built, addon } = await buildNative(name, { ...(folder && { folder }), libtorch, onProgress: progress });
    return { did: built, text: `Native part "${name}" (${built ? "compiled into " : ""}${addon})` };
  });
}

await exitWith(async () => {
  await step("System packages", () => systemPackages(["compiler", "cmake", "make", "jpeg", "pip"]));
  const { path } = await step("LibTorch with CUDA", cudaBuild);
  const libtorch = { path, version: PINNED, why: "LIBTORCH" };
  await part("torch", undefined, libtorch);
  const missing = missingForNccl(libtorch) ?? [];
  if (missing.length > 0)
    throw new SetupError(
      `Expected the headers of ${missing.join(", ")} beside LibTorch, found none; remove ${path}/..`,
    );
  await part("nccl", NCCL_SOURCES, libtorch);
  await part("reader", join(ROOT, "packages/unlabel/native"), null);
  const cli = join(ROOT, "packages/unlabel/bin/unlabel.mjs");
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, "doctor", "--json"], {
    env: { ...process.env, LIBTORCH: path },
    encoding: "utf8",
  });
  if (status !== 0) throw new SetupError(`Expected doctor to find everything, it said: ${(stderr || stdout).trim()}`);
  const { engine, advice } = JSON.parse(stdout.trim().split("\n").at(-1));
  for (const line of advice) console.log(`doctor: ${line}`);
  const opened = engine.cuda_devices > 0 || engine.cuda_library === "";
  if (!opened)
    throw new SetupError(`Expected libtorch_cuda to open, it said: ${engine.cuda_library ?? "no such file"}`);
  const gpu = engine.cuda_devices > 0 ? `${engine.cuda_devices} GPUs answer` : "only the GPU is missing";
  console.log(`LibTorch ${engine.version} with CUDA in ${path}: libtorch_cuda opens, NCCL's library is built; ${gpu}.`);
});
