// The second, small library of the bridge: NCCL's process group, where set-up could build it.
import { locateNccl, SETUP_COMMAND } from "../setup/index.mjs";
import { TorchError } from "./errors.ts";

/** The path of the library. @throws {TorchError} where there is none, and what serves instead */
export function ncclLibrary(): string {
  const path = locateNccl();
  if (path !== null) return path;
  throw new TorchError(
    `Expected NCCL's library, which set-up builds where LibTorch is a CUDA build with NVIDIA's headers beside it; run \`${SETUP_COMMAND}\`, which says what it lacks, or use backend gloo, which serves GPUs through the host's memory`,
    "initProcessGroup",
  );
}
