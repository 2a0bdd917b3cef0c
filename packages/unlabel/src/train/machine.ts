// What a run computes on: device and threads; precision.ts has the number format. Each `auto` is settled once, and noted in
// run.json.

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { UserError } from "../base/errors.ts";
import { commandLine } from "../base/shell.ts";
import type { Config } from "../config/common.ts";

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
  const own = cudaDevices > 0 ? localRank % cudaDevices : 0;
  if (wanted === "auto") return cudaDevices > 0 ? `cuda:${own}` : mps ? "mps" : "cpu";
  if (wanted === "cpu") return wanted;
  if (wanted === "mps") {
    if (mps) return wanted;
    throw new UserError("Expected a machine with Apple's Metal for device mps, found none; use --device cpu");
  }
  const index = Number(wanted.split(":")[1] ?? own);
  if (index < cudaDevices) return `cuda:${index}`;
  if (cudaDevices === 0) {
    const why = cudaProblem ? ` (${cudaProblem})` : "";
    throw new UserError(
      `Expected a CUDA GPU for device ${wanted}, found none${why}; use --device cpu, or ask ${commandLine("doctor")}`,
    );
  }
  throw new UserError(`Expected cuda:0 to cuda:${cudaDevices - 1} for device, got ${wanted}`);
}

/**
 * Threads that a setting means: `auto` is OMP_NUM_THREADS where set, else what the machine or container allows, shared among so many
 * processes of one training.
 */
export function chooseThreads(wanted: Config["threads"], env: NodeJS.ProcessEnv = process.env, processes = 1): number {
  if (wanted !== "auto") return wanted;
  const asked = Number.parseInt(env.OMP_NUM_THREADS ?? "", 10);
  return asked >= 1 ? asked : Math.max(1, Math.floor(allowedCores() / processes));
}

/** Cores that this process may use: its affinity, and a container's CPU quota, which the operating system does not count in. */
export function allowedCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota(readText("/sys/fs/cgroup/cpu.max")))));
}

/** Cores that a cgroup's `cpu.max` (`200000 100000`, or `max 100000`) grants; infinite without a limit. */
export function cpuQuota(text: string): number {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0
    ? quota / period
    : Number.POSITIVE_INFINITY;
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
