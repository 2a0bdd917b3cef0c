import { memory } from "@unlabel/torch";
import { expect, it } from "vitest";
import { cpuFlags } from "./machine.ts";
import { bf16Speedup, choosePrecision, multipliesBf16 } from "./precision.ts";

it("computes in bf16 only where that is faster, unless told to", () => {
  const gains = { speedup: () => 4, cudaCapabilities: [7.5, 8] };
  // As measured on Intel's AVX-512 BF16 without AMX.
  const loses = { speedup: () => 0.55, cudaCapabilities: [7.5, 8] };
  expect(choosePrecision("auto", "cpu", gains)).toBe("bf16");
  expect(choosePrecision("auto", "cpu", loses)).toBe("fp32");
  expect(choosePrecision("auto", "cpu", { speedup: () => 0 })).toBe("fp32");
  expect(choosePrecision("auto", "cuda:1", loses)).toBe("bf16");
  expect(choosePrecision("auto", "cuda:0", gains)).toBe("fp32");
  expect(choosePrecision("auto", "cuda:0", { speedup: () => 4 })).toBe("fp32");
  expect(choosePrecision("auto", "mps", gains)).toBe("fp32");
  expect(choosePrecision("bf16", "cpu", loses)).toBe("bf16");
  expect(choosePrecision("fp32", "cpu", gains)).toBe("fp32");
  expect(choosePrecision("fp32", "cuda:1", gains)).toBe("fp32");
});

it("tells by the instruction sets whether bf16 would be emulated", () => {
  const zen3 = cpuFlags("processor: 0\nflags\t\t: fpu sse avx2\n");
  const cooperLake = cpuFlags("flags\t\t: fpu avx2 avx512_bf16\n");
  const sapphireRapids = cpuFlags("flags\t\t: fpu avx2 amx_bf16\n");
  expect([zen3, cooperLake, sapphireRapids, cpuFlags("")].map(multipliesBf16)).toEqual([false, true, true, false]);
});

it("measures what this CPU gains, once, and leaves no tensor", () => {
  const live = memory().liveTensors;
  const speedup = bf16Speedup();
  expect(memory().liveTensors).toBe(live);
  expect(speedup > 0).toBe(multipliesBf16(cpuFlags()));
  expect(bf16Speedup()).toBe(speedup);
});
