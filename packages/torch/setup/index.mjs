// Set-up: finds or installs LibTorch and builds the native parts. Plain JavaScript without dependencies, so that it
// runs in a fresh clone before `npm install`, and from the installed package.
export { cacheDir, fillFolder, SetupError } from "./cache.mjs";
export { installLibtorch } from "./install.mjs";
export { cachedLibtorch, findLibtorch, hasGpu, inspect, libtorchVersion, OLDEST, PINNED } from "./libtorch.mjs";
export {
  buildNative,
  locateEngine,
  locateNative,
  locateNccl,
  missingForNccl,
  NCCL_SOURCES,
  nativePath,
  SETUP_COMMAND,
} from "./native.mjs";
export { setup } from "./setup.mjs";
export { exitWith, reporter } from "./steps.mjs";
export { atLeast, OLDEST_NODE, unsupported } from "./support.mjs";
export { systemPackages } from "./system.mjs";
