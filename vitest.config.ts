import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@unlabel\/torch$/, replacement: source("packages/torch/src/index.ts") },
      { find: /^@unlabel\/torch\/safetensors$/, replacement: source("packages/torch/src/safetensors-file.ts") },
    ],
  },
  test: {
    pool: "forks",
    maxWorkers: 2,
    include: [
      "packages/*/src/**/*.test.ts",
      "examples/**/*.test.ts",
      "scripts/**/*.test.ts",
      "bench/**/*.test.ts",
      "faults/**/*.test.ts",
    ],
    // Two minutes of packing, compiling and installing, for which `npm run test:nodes` says by which Node.
    exclude: [...configDefaults.exclude, ...(process.env.UNLABEL_TEST_NODE ? [] : ["scripts/pack.test.ts"])],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is polled for comes at once on a quiet machine.
    expect: { poll: { timeout: 30_000 } },
    // Two worker processes on two cores: one thread of arithmetic each, and no spinning while idle.
    env: { OMP_NUM_THREADS: "1", OMP_WAIT_POLICY: "passive" },
  },
});
