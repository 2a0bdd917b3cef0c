// gflops.ts SIZE THREADS DEVICE: GFLOP/s of matrix products [SIZE, SIZE], in the number format that training would choose there.
import { engineInfo, noGrad, randn, scope, setThreads } from "@unlabel/torch";
import { choosePrecision } from "../../packages/unlabel/src/train/precision.ts";

const [sizeText = "2048", threads = "1", device = "cpu"] = process.argv.slice(2);
const size = Number(sizeText);
setThreads(Number(threads));
const dtype = choosePrecision("auto", device, engineInfo()) === "bf16" ? "bfloat16" : "float32";
const a = randn([size, size]).to({ dtype, device });
let best = Number.POSITIVE_INFINITY;
for (let i = 0; i < 10; i++) {
  const began = performance.now();
  // Reading a number waits for a GPU; the product is a thousand times the work of adding it up.
  noGrad(() => scope(() => a.mm(a).sum().item()));
  best = Math.min(best, (performance.now() - began) / 1000);
}
process.stdout.write(`${JSON.stringify({ gflops: (2 * size ** 3) / best / 1e9, dtype, size, threads })}\n`);
