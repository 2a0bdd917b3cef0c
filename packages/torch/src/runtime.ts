// The process: random numbers, threads, mixed precision, memory, and what the engine is.
import { dirname } from "node:path";
import type { Device, DType } from "./dtype.ts";
import { describe, guarded, synchronous, TorchError } from "./errors.ts";
import { handleOf } from "./handle.ts";
import { type EngineDescription, engine, native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** Seeds LibTorch's generators on every device. @param seed a whole number from 0 to 2^53 − 1 */
export function manualSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new TorchError(`Expected a whole number of 0 or more for seed, got ${describe(seed)}`, "manualSeed");
  }
  native.seed(seed);
}

/** The state of a device's random generator, a uint8 tensor to be given back to {@link setRngState}. */
export function getRngState(device: Device = "cpu"): Tensor {
  return Tensor.fromHandle(guarded("getRngState", () => native.getRngState(device)));
}

/** Sets the state of a device's random generator, as {@link getRngState} gave it. @throws {TorchError} for another tensor */
export function setRngState(state: Tensor, device: Device = "cpu"): void {
  const handle = handleOf(state, "state", "setRngState");
  guarded("setRngState", () => native.setRngState(device, handle));
}

/** Threads that operators compute with. */
export function getThreads(): number {
  return native.threads();
}

/** Sets how many threads operators compute with. @param count 1 or more @throws {TorchError} for anything else */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new TorchError(`Expected a whole number of 1 or more for threads, got ${describe(count)}`, "setThreads");
  }
  guarded("setThreads", () => native.threads(count));
}

/**
 * Binds each thread that operators compute with to a core of its own, or sets all free again. The calling thread, which is JavaScript's, is the first of
 * them. Beside other programs that compute, the system's scheduler otherwise may put two of them on one core, where each waits for the other, and
 * leave another core to the neighbour. Programs that are started meanwhile may use all cores; threads that the calling one starts may not, and
 * {@link setThreads} sets all free.
 *
 * @returns whether that was done: on Linux, where there are as many threads as cores that this process may use
 */
export function bindThreads(bound: boolean): boolean {
  return native.bindThreads(bound);
}

/**
 * Keeps freed tensors' memory in the process, on huge pages where the system has them, instead of giving it back after
 * every step. Training steps spend less time in the kernel, and resident memory stays near
 * the most that tensors took together, until {@link trimHeap}. It concerns all of the process's memory and cannot be undone, so a program decides on it, never a library.
 *
 * @returns whether the C library here can do so (glibc)
 */
export function keepHeap(): boolean {
  return native.keepHeap();
}

/** Gives the system back the memory that {@link keepHeap} keeps and no tensor uses, as between two programs in one process. */
export function trimHeap(): void {
  native.trimHeap();
}

/** Options of {@link autocast}. */
export interface AutocastOptions {
  /** `"cpu"` (default) or `"cuda"`. */
  device?: Device;
  /** Default `"bfloat16"`. */
  dtype?: DType;
  /** False runs the body in full precision; handy for a setting. Default true. */
  enabled?: boolean;
}

/**
 * Runs `body` with matrix products and convolutions in half precision, by PyTorch's own lists of operators. On the device `"meta"`, where nothing is
 * computed, nothing is cast.
 */
export function autocast<T>(options: AutocastOptions, body: () => T): T {
  const { device = "cpu", dtype = "bfloat16", enabled = true } = options;
  const type = String(device).split(":")[0] ?? "cpu";
  const was = type === "meta" ? null : guarded("autocast", () => native.autocast(type, enabled, dtype));
  const outer = autocasting;
  autocasting = enabled ? { type, dtype } : null;
  try {
    return synchronous(body(), "autocast");
  } finally {
    autocasting = outer;
    if (was) native.autocast(type, was.enabled, was.dtype);
  }
}

let autocasting: { type: string; dtype: DType } | null = null;

/** Whether the innermost {@link autocast} block around, if any, casts. */
export function isAutocastEnabled(): boolean {
  return autocasting !== null;
}

/** What the innermost {@link autocast} block around casts to on the CPU; null where it does not. */
export function cpuAutocast(): DType | null {
  return autocasting?.type === "cpu" ? autocasting.dtype : null;
}

/** What tensors and the process take. */
export interface MemoryUse {
  /** Tensors that JavaScript holds. */
  liveTensors: number;
  /** Bytes of their storages, shared ones counted once; what the autograd graph holds beside them is not seen. */
  liveBytes: number;
  /** The process's resident memory now, MB (10^6 bytes). */
  rssMb: number;
  /** The most it has been, MB. */
  peakRssMb: number;
}

/** What tensors and the process take now, and the most that the process has taken. */
export function memory(): MemoryUse {
  const peak = process.resourceUsage().maxRSS * 1024;
  return { ...native.memory(), rssMb: process.memoryUsage.rss() / 1e6, peakRssMb: peak / 1e6 };
}

/** Which LibTorch runs and what it can do. */
export interface EngineInfo extends EngineDescription {
  /** LibTorch's folder, which holds `lib/` and `include/`. */
  path: string;
  /** Why this LibTorch was chosen, such as `LIBTORCH` or `installed by set-up`. */
  why: string;
  /** Threads that operators compute with. */
  threads: number;
}

/** Which LibTorch runs, where it lies, why that one, and what it can do. */
export function engineInfo(): EngineInfo {
  const description = native.describe();
  return {
    ...description,
    path: dirname(description.path),
    why: engine.libtorch.why,
    threads: native.threads(),
  };
}

/**
 * Opens the CUDA library of a LibTorch that has one, whether there is a GPU or not, as a machine without one can try what it was set up with. It takes
 * some seconds and stays open until the process ends; where a driver answers it is open already.
 *
 * @returns null where this LibTorch is built without CUDA; else why its library does not open, empty where it does
 */
export function openCudaLibrary(): string | null {
  return guarded("openCudaLibrary", () => native.openCuda());
}
