// The number format that `precision` means on a device.

import { noGrad, scope, zeros } from "@unlabel/torch";
import type { Config } from "../config/common.ts";

import { cpuFlags } from "./machine.ts";

/** What choosing asks of the machine; measured where it is not given. */
export interface PrecisionFacts {
  /** Compute capability of each CUDA device, 8 for Ampere. */
  cudaCapabilities?: readonly number[];
  /** How many times faster than fp32 the CPU multiplies in bf16. */
  speedup?: () => number;
}

/** The number format that a setting means on a device: bf16 where it is faster, else fp32. */
export function choosePrecision(
  wanted: Config["precision"],
  device: string,
  { cudaCapabilities = [], speedup = bf16Speedup }: PrecisionFacts = {},
): "fp32" | "bf16" {
  if (wanted !== "auto") return wanted;
  if (device.startsWith("cuda")) {
    // Before Ampere bf16 is emulated. Where the driver does not tell, no number is better than a slow one.
    return (cudaCapabilities[Number(device.split(":")[1] ?? 0)] ?? 0) >= 8 ? "bf16" : "fp32";
  }
  return device === "cpu" && speedup() > WORTHWHILE ? "bf16" : "fp32";
}

/** Speedups seen lie far from it, at 0.55 and at 4, so that noise does not decide. */
const WORTHWHILE = 1.25;

let measured: number | undefined;

/**
 * How many times faster than fp32 this CPU multiplies matrices in bf16: measured, about 50 ms, once a process. That it has the
 * instructions does not tell: with AVX-512 BF16 some CPUs gain four times and others, Intel's without AMX, lose half. 0 where
 * the instructions are missing and bf16 would be emulated.
 */
export function bf16Speedup(): number {
  measured ??= multipliesBf16(cpuFlags()) ? fp32OverBf16() : 0;
  return measured;
}

/** Whether the CPU has instructions that multiply bf16. */
export function multipliesBf16(flags: ReadonlySet<string>): boolean {
  return flags.has("amx_bf16") || flags.has("avx512_bf16");
}

function fp32OverBf16(): number {
  return noGrad(() =>
    scope(() => {
      const single = zeros([512, 512]);
      const half = single.to({ dtype: "bfloat16" });
      const best = { single: Number.POSITIVE_INFINITY, half: Number.POSITIVE_INFINITY };
      const time = (a: typeof single) => {
        const began = performance.now();
        scope(() => void a.mm(a));
        return performance.now() - began;
      };
      // In turns, so that a busy moment meets both; the first of each also sets the library up.
      for (let i = 0; i < 6; i++) {
        best.single = Math.min(best.single, time(single));
        best.half = Math.min(best.half, time(half));
      }
      return best.single / best.half;
    }),
  );
}
