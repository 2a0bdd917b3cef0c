// @unlabel/torch: LibTorch for TypeScript.
export { backward, enableGrad, grad, isGradEnabled, noGrad } from "./autograd.ts";
export { call, operatorNames, schemaOf } from "./call.ts";
export {
  type ArrayOnItsWay,
  fromTypedArray,
  fromTypedArrays,
  full,
  type Nested,
  type TensorOptions,
  tensor,
  toDevice,
} from "./create.ts";
export { withDevice } from "./default-device.ts";
export * as distributed from "./distributed.ts";
export type { Device, DType, MemoryFormat, Scalar, TypedArray } from "./dtype.ts";
export { TorchError } from "./errors.ts";
export { keep, scope } from "./handle.ts";
export { lend } from "./lend.ts";
export { TensorOps } from "./methods.generated.ts";
export type { Schema, SchemaArgument } from "./native.ts";
export * as nn from "./nn/index.ts";
export { type OperatorCall, observeOperators } from "./observe.ts";
export * from "./ops.generated.ts";
export * as optim from "./optim/index.ts";
export { type ProfileEvent, recordFunction, startProfile, stopProfile } from "./profile.ts";
export {
  type AutocastOptions,
  autocast,
  bindThreads,
  type EngineInfo,
  engineInfo,
  getRngState,
  getThreads,
  isAutocastEnabled,
  keepHeap,
  type MemoryUse,
  manualSeed,
  memory,
  openCudaLibrary,
  setRngState,
  setThreads,
  trimHeap,
} from "./runtime.ts";
export { loadSafetensors, type SaveOptions, saveSafetensors } from "./safetensors.ts";
export { readSafetensorsHeader, verifySafetensors } from "./safetensors-file.ts";
export type { SafetensorsEntry, SafetensorsHeader } from "./safetensors-header.ts";
export { Tensor } from "./tensor.ts";
export type { TensorMemory } from "./tensor-memory.ts";
