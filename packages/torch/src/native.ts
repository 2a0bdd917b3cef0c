// Loads the bridge: the addon that set-up built against the LibTorch it chose.
import { createRequire } from "node:module";
import { locateEngine } from "../setup/index.mjs";
import { guarded } from "./errors.ts";
import type { TensorMemory } from "./tensor-memory.ts";

/** A live tensor's number: slot and generation. */
export type Handle = number;

/** An argument of an operator. */
export interface SchemaArgument {
  /** As the schema has it, in snake_case. */
  name: string;
  /** As the schema has it: `Tensor?`, `SymInt[2]`, …. */
  type: string;
  /** Whether it can be given by its name alone. */
  keyword: boolean;
  /** Length of a list that a single number stands for, such as 2 of `int[2]`. */
  broadcast?: number;
  /** Its value where it is left out; absent where it must be given. */
  default?: unknown;
}

/** What an operator takes and gives. */
export interface Schema {
  /** LibTorch's number of it, in this process. */
  id: number;
  /** As PyTorch writes it: `aten::relu(Tensor self) -> Tensor`. */
  text: string;
  /** What it takes, in order. */
  args: SchemaArgument[];
  /** What it gives, in order; `inPlace` where that is an argument it has changed. */
  returns: { name: string; type: string; inPlace: boolean }[];
}

/** What LibTorch says of itself. */
export interface EngineDescription {
  /** Such as 2.15.0. */
  version: string;
  /** The folder that the library was loaded from. */
  path: string;
  /** The vector instructions in use, such as AVX2. */
  cpuCapability: string;
  /** How it was built, in its own words. */
  config: string;
  /** How it shares work among threads, in its own words. */
  parallel: string;
  /** Whether it was built with MKL. */
  mkl: boolean;
  /** Whether it was built with oneDNN. */
  onednn: boolean;
  /** GPUs that it can use. */
  cudaDevices: number;
  /** Compute capability of each GPU that the driver knows, 8 for an A100. */
  cudaCapabilities: number[];
  /** Why there are none, where CUDA says so; else empty. */
  cudaProblem: string;
  /** Whether Apple's GPU can be used. */
  mps: boolean;
  /** How OpenMP's idle threads wait: OMP_WAIT_POLICY as OpenMP read it, null where it was not set. */
  waitPolicy: string | null;
  /** GOMP_SPINCOUNT as OpenMP read it: looks for work before a thread sleeps; null where the policy decides. */
  spinCount: string | null;
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
  /** Tells LibTorch those shapes of results on the device `meta` that it lacks. */
  metaShapes(): boolean;
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
  bindThreads(bound: boolean): boolean;
  keepHeap(): boolean;
  trimHeap(): void;
  /** Four numbers an event: name, thread, start and duration in µs of `process.hrtime`'s clock. */
  profileStart(): void;
  profileStop(): { names: string[]; events: Float64Array };
  describe(): EngineDescription;
  /** Null where there is no CUDA library beside LibTorch's; else why it does not open, empty where it does. */
  openCuda(): string | null;
  /** The descriptor of a socket that listens there alone; the error begins with `taken` or `elsewhere` where that is why. */
  listenAt(address: string, port: number): number;
  openStore(host: string, port: number, listening: number, prefix: string, rank: number, timeoutMs: number): void;
  storeSet(key: string, text: string, deadlineMs?: number): void;
  storeGet(key: string, waitMs: number, deadlineMs?: number): string | null;
  storeAdd(key: string, by: number, deadlineMs?: number): number;
  storeDelete(key: string): void;
  closeStore(): void;
  initGroup(
    backend: string,
    library: string,
    address: string,
    network: string,
    rank: number,
    size: number,
    timeoutMs: number,
    device: number,
  ): void;
  closeGroup(broken: boolean): void;
  /** The number of a work where `async`. */
  allReduce(handle: Handle, op: string, async: boolean, compared: boolean): number | undefined;
  waitWork(work: number): void;
  broadcast(handle: Handle, source: number, compared: boolean): void;
  allGather(handle: Handle): Handle;
  reduceScatter(handle: Handle, op: string): Handle;
  barrier(): void;
  gatherRows(handle: Handle, views: number): Handle;
  syncBatchNorm(
    x: Handle,
    weight: Handle | null,
    bias: Handle | null,
    runningMean: Handle | null,
    runningVar: Handle | null,
    momentum: number,
    eps: number,
  ): Handle;
}

/** Where the engine was found, and why there. */
export const engine = locateEngine();

/** Sleep when idle, but not at once: GNU's OpenMP counts looks for work, LLVM's (macOS) milliseconds. */
const WAITING = { OMP_WAIT_POLICY: "passive", GOMP_SPINCOUNT: "50000", KMP_BLOCKTIME: "1" };

/**
 * Loads the addon, and with it OpenMP, which reads the environment once. Between operators threads wait for each other hundreds
 * of times a step, and falling asleep and waking takes longer than most operators do, so they spin for a millisecond or a few
 * before. Spinning on would take the image reader's cores, and those of other runs on the same ones. What the user has set holds,
 * and afterwards the environment is the user's again, for other programs to inherit. A worker's environment is a copy that OpenMP
 * does not see: there it waits as it does by itself.
 */
function load(): Native {
  const own = process.env.OMP_WAIT_POLICY === undefined ? Object.entries(WAITING) : [];
  const added = own.filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  try {
    return createRequire(import.meta.url)(engine.addon);
  } finally {
    for (const [name] of added) delete process.env[name];
  }
}

export const native: Native = guarded("@unlabel/torch", load);
