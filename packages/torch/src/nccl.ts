// The second, small library of the bridge: NCCL's process group, where set-up could build it.
import { locateNccl } from "../setup/index.mjs";
import { TorchError } from "./errors.ts";

/** The path of the library. @throws {TorchError} where there is none, and what serves instead */
export function ncclLibrary(): string {
  const path = locateNccl();
  if (path !== null) return path;
  throw new TorchError(
    "Expected NCCL's library, which set-up builds where LibTorch is a CUDA build and NCCL's headers lie beside it; use backend gloo, which serves GPUs through the host's memory",
    "initProcessGroup",
  );
}
