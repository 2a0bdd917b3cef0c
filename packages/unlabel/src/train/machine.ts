// What a run computes on: device and threads; precision.ts has the number format. Each `auto` is settled once, and noted in
// run.json.

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { UserError } from "../base/errors.ts";
import { commandLine } from "../base/shell.ts";
import type { Config } from "../config/common.ts";
import { grantedCores } from "./cpu-quota.ts";
import { threadsOfRank } from "./ranks-env.ts";

/** What the engine says of its devices. */
export interface Devices {
  cudaDevices: number;
  cudaProblem: string;
  mps: boolean;
}

/**
 * The device that a setting means, by LibTorch's name (`cpu`, `cuda:0`, `mps`).
 *
 * @param localRank this process's number among those of this machine: of several GPUs each has its own, unless one is named
 * @throws {UserError} where the machine has no such device
 */
export function chooseDevice(
  wanted: Config["device"],
  { cudaDevices, cudaProblem, mps }: Devices,
  localRank = 0,
): string {
  if (cudaDevices > 0 && (wanted === "auto" || wanted === "cuda")) return ownGpu(cudaDevices, localRank);
  if (wanted === "auto") return mps ? "mps" : "cpu";
  if (wanted === "cpu") return wanted;
  if (wanted === "mps") {
    if (mps) return wanted;
    throw new UserError("Expected a machine with Apple's Metal for device mps, found none; use --device cpu");
  }
  const index = Number(wanted.split(":")[1] ?? 0);
  if (index < cudaDevices) return `cuda:${index}`;
  if (cudaDevices === 0) {
    const why = cudaProblem ? ` (${cudaProblem})` : "";
    throw new UserError(
      `Expected a CUDA GPU for device ${wanted}, found none${why}; use --device cpu, or ask ${commandLine("doctor")}`,
    );
  }
  throw new UserError(`Expected cuda:0 to cuda:${cudaDevices - 1} for device, got ${wanted}`);
}

/** @throws {UserError} where there are more ranks than GPUs */
function ownGpu(cudaDevices: number, localRank: number): string {
  // A launcher may show each process its own GPU alone, as srun --gpus-per-task=1 does.
  if (cudaDevices === 1) return "cuda:0";
  if (localRank < cudaDevices) return `cuda:${localRank}`;
  throw new UserError(
    `Expected a GPU for each process on this machine, got ${cudaDevices} and process ${localRank + 1}; start ${cudaDevices}, or use --device cpu`,
  );
}

/**
 * Threads that a setting means: `auto` is OMP_NUM_THREADS where set, else what the machine or container allows, shared among so many
 * processes that work together on it.
 */
export function chooseThreads(wanted: Config["threads"], env: NodeJS.ProcessEnv = process.env, processes = 1): number {
  return wanted === "auto" ? threadsOfRank(allowedCores(), processes, env) : wanted;
}

/** As it began: Node asks for the affinity of the thread that asks, which has one core alone while threads are bound (give-way.ts). */
const AFFINITY = availableParallelism();

/** Cores that this process may use: its affinity, and the quota of a container or another control group. */
export function allowedCores(): number {
  return Math.max(1, Math.min(AFFINITY, Math.ceil(grantedCores())));
}

/** The instruction sets that Linux lists for the CPU; empty elsewhere. */
export function cpuFlags(cpuinfo = readText("/proc/cpuinfo")): Set<string> {
  return new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(" "));
}

/** Starts the process's peak of resident memory afresh, where Linux allows it, so that each run in a process has its own. */
export function forgetMemoryPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Elsewhere the peak stays the process's, which is the run's where the command line runs one.
  }
}

export function cpuModel(): string {
  return cpus()[0]?.model.trim() ?? "unknown CPU";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
