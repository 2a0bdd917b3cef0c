import { expect, it } from "vitest";
import { blasOf, diagnose, type EngineFacts, type Facts } from "./diagnosis.ts";

const engine: EngineFacts = {
  version: "2.15.0+cpu",
  path: "/opt/libtorch",
  why: "LIBTORCH",
  cpu_capability: "AVX2",
  blas: "mkl",
  onednn: true,
  cuda_devices: 0,
  cuda_problem: "",
  cuda_library: null,
  nccl: null,
  mps: false,
  threads: 8,
  bf16_speedup: 0,
  cpu_precision: "fp32",
  omp_wait_policy: "passive",
  gomp_spincount: "50000",
};
const healthy: Facts = {
  unlabel: "0.1.0",
  node: "20.19.0",
  platform: "linux x64",
  cpu: "A CPU",
  cores: 8,
  memory_gb: 16,
  gpu: false,
  engine,
  libtorch_known: { oldest: "2.6.0", pinned: "2.15.0" },
};

it("finds nothing to say of a healthy machine", () => {
  expect(diagnose(healthy)).toEqual({ problems: [], advice: [] });
});

it("calls a missing engine a problem, in set-up's own words", () => {
  expect(diagnose({ ...healthy, engine: { problem: "run `npm run setup`" } }).problems).toEqual([
    "run `npm run setup`",
  ]);
});

it.each([
  [{ gpu: true }, "A GPU is there but this LibTorch does not use it"],
  [{ engine: { ...engine, cuda_library: "" } }, "only the GPU is missing"],
  [{ engine: { ...engine, cuda_library: "libcudnn.so.9: no such file" } }, "do not open (libcudnn.so.9: no such file)"],
  [{ engine: { ...engine, threads: 64 } }, "asks for 64 threads where 8 cores may be used"],
  [{ engine: { ...engine, threads: 1 } }, "leaves 7 of 8 cores idle"],
  [{ engine: { ...engine, onednn: false } }, "no oneDNN"],
  [{ engine: { ...engine, cpu_capability: "DEFAULT" } }, "no vector instructions"],
  [{ engine: { ...engine, version: "2.6.0" } }, "LibTorch 2.6.0 is supported; 2.15.0 is the one tested most"],
  [{ engine: { ...engine, omp_wait_policy: "ACTIVE" } }, "makes idle threads spin"],
  [{ engine: { ...engine, gomp_spincount: null } }, "put threads to sleep between operators"],
  [{ engine: { ...engine, gomp_spincount: "0" } }, "put threads to sleep between operators"],
  [{ memory_gb: 2 }, "2 GB of memory is little"],
])("advises on %o", (change, text) => {
  const { problems, advice } = diagnose({ ...healthy, ...change });
  expect(problems).toEqual([]);
  expect(advice).toHaveLength(1);
  expect(advice[0]).toContain(text);
});

it("says of several GPUs how to use them, and where they have no way of their own to each other", () => {
  const several = (nccl: boolean) => diagnose({ ...healthy, gpu: true, engine: { ...engine, cuda_devices: 2, nccl } });
  expect(several(true).advice).toEqual([expect.stringContaining("--nproc 2")]);
  expect(several(false).advice).toEqual([
    expect.stringContaining("--nproc 2"),
    "NCCL's library is not built, so several GPUs send through the host's memory: set-up says why.",
  ]);
});

it("reads the BLAS from LibTorch's build settings", () => {
  expect(blasOf("Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release")).toBe("mkl");
  expect(blasOf("")).toBe("unknown");
});
