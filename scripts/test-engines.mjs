// `npm run test:engines`: the engine's tests on the oldest LibTorch that is supported and on the newest of the package
// index, beside the one that set-up chose. These wheels come without pinned hashes: the newest is not known in advance.
// Exits 3 where the index does not answer, so that nobody takes that for a pass.
import {
  buildNative,
  exitWith,
  installLibtorch,
  OLDEST,
  PINNED,
  reporter,
  systemPackages,
} from "../packages/torch/setup/index.mjs";
import { cachedLibtorch, inspect } from "../packages/torch/setup/libtorch.mjs";
import { close, runTests } from "./run-tests.mjs";
import { CPU_LIBRARIES, nvidiaLibraries, PYTHON, resolve } from "./wheels.mjs";

const { step } = reporter();

/** The LibTorch of a version: from the cache, else from the package index. */
async function libtorch(version) {
  const path = cachedLibtorch(version, "cpu");
  if ("version" in inspect(path)) return { did: false, text: `LibTorch ${version} (${path})`, path };
  const [torch] = resolve([`torch==${version}`]);
  const libraries =
    process.platform === "linux" ? nvidiaLibraries(torch).filter((name) => CPU_LIBRARIES.test(name)) : [];
  // The pinned one is what set-up trusts, and has its hashes.
  const isPinned = version === PINNED;
  const requirements = ["--python-version", PYTHON, `torch==${version}`, ...libraries];
  await installLibtorch({ gpu: false, version, ...(!isPinned && { requirements }) });
  const how = isPinned ? "with its hashes" : "without pinned hashes";
  return { did: true, text: `LibTorch ${version} (installed into ${path}, ${how})`, path };
}

async function main() {
  await step("System packages", () => systemPackages(["pip"]));
  let newest;
  try {
    newest = resolve(["torch"])[0].version;
  } catch (error) {
    console.log(
      `The package index does not answer, so the engine's tests did not run on LibTorch ${OLDEST} and the newest: ${error.message.split("\n").at(-1)}`,
    );
    process.exitCode = 3;
    return;
  }
  const total = { passed: 0, failed: 0, skipped: [] };
  const versions = new Set([`${OLDEST}.0`, newest]);
  if (newest === PINNED) console.log(`The newest LibTorch on the package index is the pinned one, ${PINNED}.`);
  for (const version of versions) {
    const { path } = await step(`LibTorch ${version}`, () => libtorch(version));
    await step("Native part", async (progress) => {
      const { built, addon } = await buildNative("torch", {
        libtorch: { path, version, why: "LIBTORCH" },
        onProgress: progress,
      });
      return { did: built, text: `Native part "torch" for LibTorch ${version} (${addon})` };
    });
    const tally = runTests(["packages/torch", ...process.argv.slice(2)], { LIBTORCH: path });
    console.log(`LibTorch ${version}: ${tally.passed} passed, ${tally.failed} failed.`);
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped.push(...tally.skipped);
  }
  close(total);
}

await exitWith(main);
