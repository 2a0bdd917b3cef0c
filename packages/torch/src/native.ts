// Loads the bridge: the addon that set-up built against the LibTorch it chose.
import { createRequire } from "node:module";
import { locateEngine } from "../setup/index.mjs";
import { guarded } from "./errors.ts";
import type { TensorMemory } from "./lend.ts";

/** A live tensor's number: slot and generation. */
export type Handle = number;

export interface SchemaArgument {
  name: string;
  type: string;
  keyword: boolean;
  broadcast?: number;
  default?: unknown;
}

export interface Schema {
  id: number;
  text: string;
  args: SchemaArgument[];
  returns: { name: string; type: string; inPlace: boolean }[];
}

export interface EngineDescription {
  version: string;
  /** The folder that the library was loaded from. */
  path: string;
  cpuCapability: string;
  config: string;
  parallel: string;
  mkl: boolean;
  onednn: boolean;
  cudaDevices: number;
  /** Compute capability of each GPU that the driver knows, 8 for an A100. */
  cudaCapabilities: number[];
  cudaProblem: string;
  mps: boolean;
}

/** What the C++ side exports; see native/. */
export interface Native {
  op(name: string): Schema;
  call(id: number, ...args: unknown[]): unknown;
  schemas(): string[];
  from(data: ArrayBufferView, shape: readonly number[], dtype: string): Handle;
  bytes(handle: Handle): ArrayBuffer;
  shape(handle: Handle): number[];
  dtype(handle: Handle): string;
  device(handle: Handle): string;
  isContiguous(handle: Handle, format: string): boolean;
  alive(handle: Handle): boolean;
  free(handles: Handle | Handle[]): void;
  memory(): { liveTensors: number; liveBytes: number };
  external(bytes: number): number;
  nbytes(handle: Handle): number;
  lend(handle: Handle): TensorMemory;
  backward(roots: Handle[], gradients: (Handle | null)[], retainGraph: boolean): void;
  grad(
    outputs: Handle[],
    inputs: Handle[],
    gradOutputs: (Handle | null)[],
    retainGraph: boolean,
    createGraph: boolean,
  ): (Handle | null)[];
  requiresGrad(handle: Handle): boolean;
  setRequiresGrad(handle: Handle, on: boolean): void;
  isLeaf(handle: Handle): boolean;
  getGrad(handle: Handle): Handle | null;
  setGrad(handle: Handle, grad: Handle | null): void;
  setData(handle: Handle, source: Handle): void;
  gradMode(on?: boolean): boolean;
  autocast(deviceType: string, enabled: boolean, dtype: string): { enabled: boolean; dtype: string };
  seed(seed: number): void;
  getRngState(device: string): Handle;
  setRngState(device: string, state: Handle): void;
  threads(count?: number): number;
  keepHeap(): boolean;
  trimHeap(): void;
  /** Four numbers an event: name, thread, start and duration in µs of `process.hrtime`'s clock. */
  profileStart(): void;
  profileStop(): { names: string[]; events: Float64Array };
  describe(): EngineDescription;
}

/** Where the engine was found, and why there. */
export const engine = locateEngine();

// Threads that spin while idle slow every neighbour, other processes' included; LibTorch reads this as it loads. A fraction of
// a millisecond of spinning bridges the gaps between small operators, where falling asleep and waking cost more than they do.
if (process.env.OMP_WAIT_POLICY === undefined) {
  process.env.OMP_WAIT_POLICY = "passive";
  process.env.GOMP_SPINCOUNT ??= "5000";
}

export const native: Native = guarded("@unlabel/torch", () => createRequire(import.meta.url)(engine.addon));
