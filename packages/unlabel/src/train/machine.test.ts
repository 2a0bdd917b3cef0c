import { describe, expect, it } from "vitest";
import { chooseDevice, chooseThreads } from "./machine.ts";

const none = { cudaDevices: 0, cudaProblem: "", mps: false };
const two = { cudaDevices: 2, cudaProblem: "", mps: false };

describe("chooseDevice", () => {
  it.each([
    ["auto", none, "cpu"],
    ["auto", two, "cuda:0"],
    ["auto", { ...none, mps: true }, "mps"],
    ["cpu", two, "cpu"],
    ["cuda", two, "cuda:0"],
    ["cuda:1", two, "cuda:1"],
    ["mps", { ...none, mps: true }, "mps"],
  ])("takes %s with %o for %s", (wanted, devices, expected) => {
    expect(chooseDevice(wanted, devices)).toBe(expected);
  });

  it.each([
    ["cuda", none, "Expected a CUDA GPU for device cuda, found none; use --device cpu"],
    ["cuda", { ...none, cudaProblem: "no libtorch_cuda.so" }, "found none (no libtorch_cuda.so)"],
    ["cuda:2", two, "Expected cuda:0 to cuda:1 for device, got cuda:2"],
    ["mps", two, "Expected a machine with Apple's Metal for device mps, found none"],
  ])("refuses %s with %o", (wanted, devices, message) => {
    expect(() => chooseDevice(wanted, devices)).toThrow(message);
  });
});

it("takes threads from the setting, else from OMP_NUM_THREADS, else from the machine", () => {
  expect(chooseThreads(3, { OMP_NUM_THREADS: "5" })).toBe(3);
  expect(chooseThreads("auto", { OMP_NUM_THREADS: "5" })).toBe(5);
  expect(chooseThreads("auto", { OMP_NUM_THREADS: "" })).toBeGreaterThanOrEqual(1);
});
