// gflops.ts SIZE THREADS: GFLOP/s of matrix products [SIZE, SIZE], in the number format that training would choose here.
import { noGrad, randn, scope, setThreads } from "@unlabel/torch";
import { choosePrecision } from "../../packages/unlabel/src/train/machine.ts";

const [size = 2048, threads = 1] = process.argv.slice(2).map(Number);
setThreads(threads);
const dtype = choosePrecision("auto", "cpu") === "bf16" ? "bfloat16" : "float32";
const [a, b] = [randn([size, size]).to({ dtype }), randn([size, size]).to({ dtype })];
let best = Number.POSITIVE_INFINITY;
for (let i = 0; i < 10; i++) {
  const began = performance.now();
  noGrad(() => scope(() => void a.mm(b)));
  best = Math.min(best, (performance.now() - began) / 1000);
}
process.stdout.write(`${JSON.stringify({ gflops: (2 * size ** 3) / best / 1e9, dtype, size, threads })}\n`);
