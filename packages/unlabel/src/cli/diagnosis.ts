// What doctor knows of a machine, and what it makes of that. Works before set-up, too, when there is no engine yet.
import { totalmem } from "node:os";
import { commandLine } from "../base/shell.ts";
import { versionOfUnlabel } from "../base/version.ts";
import { allowedCores, chooseThreads, cpuModel } from "../train/machine.ts";

export interface EngineFacts {
  version: string;
  path: string;
  why: string;
  cpu_capability: string;
  blas: string;
  onednn: boolean;
  cuda_devices: number;
  cuda_problem: string;
  /** Of a LibTorch with CUDA where no GPU answers: why its CUDA library does not open, empty where it does; null of any other. */
  cuda_library: string | null;
  /** Of a LibTorch with CUDA: whether NCCL's library is built; null of any other. */
  nccl: boolean | null;
  mps: boolean;
  /** Threads that a run computes with unless told otherwise. */
  threads: number;
  /** How many times faster than fp32 the CPU computes in bf16; 0 where it has no instructions for it. */
  bf16_speedup: number;
  /** The number format that `--precision auto` takes on this CPU. */
  cpu_precision: "fp32" | "bf16";
  /** How OpenMP's threads wait, and how often they look for work before they sleep. */
  omp_wait_policy: string | null;
  gomp_spincount: string | null;
}

export interface Facts {
  unlabel: string;
  node: string;
  platform: string;
  cpu: string;
  /** Cores that this process may use, a container's quota counted in. */
  cores: number;
  memory_gb: number;
  /** Whether a driver answers for an NVIDIA GPU. */
  gpu: boolean;
  engine: EngineFacts | { problem: string };
  /** The oldest LibTorch that is supported, and the one that set-up installs. */
  libtorch_known: { oldest: string; pinned: string };
}

/** Looks at the machine and at the engine, loading it. */
export async function gatherFacts(): Promise<Facts> {
  const { hasGpu, OLDEST, PINNED } = await import("@unlabel/torch/setup");
  return {
    unlabel: versionOfUnlabel(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpuModel(),
    cores: allowedCores(),
    memory_gb: Math.round(totalmem() / 1e8) / 10,
    gpu: hasGpu(),
    engine: await engineFacts(),
    libtorch_known: { oldest: OLDEST, pinned: PINNED },
  };
}

async function engineFacts(): Promise<Facts["engine"]> {
  try {
    const [
      { engineInfo, openCudaLibrary, setThreads },
      { locateNccl, missingForNccl },
      { bf16Speedup, choosePrecision },
    ] = await Promise.all([import("@unlabel/torch"), import("@unlabel/torch/setup"), import("../train/precision.ts")]);
    const info = engineInfo();
    const threads = chooseThreads("auto");
    setThreads(threads);
    return {
      version: info.version,
      path: info.path,
      why: info.why,
      cpu_capability: info.cpuCapability,
      blas: blasOf(info.config),
      onednn: info.onednn,
      cuda_devices: info.cudaDevices,
      cuda_problem: info.cudaProblem,
      // Where a GPU answers it is in use, or the problem above is what keeps it from that.
      cuda_library: info.cudaDevices > 0 || info.cudaProblem ? null : openCudaLibrary(),
      nccl: missingForNccl(info) === null ? null : locateNccl() !== null,
      mps: info.mps,
      threads,
      bf16_speedup: Math.round(bf16Speedup() * 100) / 100,
      cpu_precision: choosePrecision("auto", "cpu"),
      omp_wait_policy: info.waitPolicy,
      gomp_spincount: info.spinCount,
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The library of matrix products that LibTorch's build settings name (`BLAS_INFO=mkl`). */
export function blasOf(config: string): string {
  return /BLAS_INFO=(\w+)/.exec(config)?.[1] ?? "unknown";
}

export interface Diagnosis {
  /** What keeps unlabel from working. */
  problems: string[];
  /** What would make it faster, or more of the machine useful. */
  advice: string[];
}

/** What is wrong with a machine, and what would help. */
export function diagnose(facts: Facts): Diagnosis {
  const { engine, cores, gpu } = facts;
  const problems: string[] = [];
  const advice: string[] = [];
  if ("problem" in engine) problems.push(engine.problem);
  else {
    if (gpu && engine.cuda_devices === 0) {
      advice.push(
        `A GPU is there but this LibTorch does not use it${engine.cuda_problem ? ` (${engine.cuda_problem})` : ""}: run set-up again, or point LIBTORCH to a CUDA build.`,
      );
    }
    if (!gpu && engine.cuda_library !== null) {
      advice.push(
        engine.cuda_library === ""
          ? "This LibTorch is a CUDA build and its libraries open: of what a GPU needs only the GPU is missing, since no NVIDIA driver answers."
          : `This LibTorch is a CUDA build whose libraries do not open (${engine.cuda_library}): run set-up again.`,
      );
    }
    if (engine.cuda_devices > 1) {
      advice.push(
        `${engine.cuda_devices} GPUs are there; one command uses one of them, and all of them as ${commandLine("launch", "--nproc", String(engine.cuda_devices), "pretrain …")}`,
      );
    }
    if (engine.cuda_devices > 1 && engine.nccl === false)
      advice.push("NCCL's library is not built, so several GPUs send through the host's memory: set-up says why.");
    if (engine.threads > cores) {
      advice.push(
        `OMP_NUM_THREADS asks for ${engine.threads} threads where ${cores} cores may be used: unset it or set it to ${cores}.`,
      );
    }
    if (engine.threads < cores) {
      advice.push(
        `OMP_NUM_THREADS=${engine.threads} leaves ${cores - engine.threads} of ${cores} cores idle: unset it for full speed.`,
      );
    }
    if (!engine.onednn)
      advice.push("This LibTorch has no oneDNN, so convolutions are slow: unset LIBTORCH and run set-up.");
    if (/^(default|no avx)$/i.test(engine.cpu_capability) && /x64$/.test(facts.platform)) {
      advice.push(
        "LibTorch uses no vector instructions beyond SSE here: look for a virtual machine setting that hides AVX2.",
      );
    }
    if (engine.version.split("+")[0] !== facts.libtorch_known.pinned) {
      advice.push(`LibTorch ${engine.version} is supported; ${facts.libtorch_known.pinned} is the one tested most.`);
    }
    const policy = engine.omp_wait_policy?.toLowerCase();
    if (policy === "active") {
      advice.push("OMP_WAIT_POLICY=active makes idle threads spin and starves the image reader: unset it.");
    }
    const sleeps = engine.gomp_spincount === "0" || (policy === "passive" && engine.gomp_spincount === null);
    if (sleeps && engine.threads > 1) {
      advice.push(
        "OMP_WAIT_POLICY and GOMP_SPINCOUNT put threads to sleep between operators, which slows training: unset them.",
      );
    }
  }
  if (facts.memory_gb < 4)
    advice.push(`${facts.memory_gb} GB of memory is little: use preset small and a small --batch.`);
  return { problems, advice };
}
