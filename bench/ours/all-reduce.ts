// all-reduce.ts REPEATS MB…: as one of several ranks, seconds of an all-reduce of float32 of each size, the median of so many.
import { performance } from "node:perf_hooks";
import { distributed, ones, setThreads } from "@unlabel/torch";
import { median } from "../../packages/unlabel/src/base/numbers.ts";

const [repeats = 1, ...sizes] = process.argv.slice(2).map(Number);
await distributed.initProcessGroup({ timeout: 120 });
setThreads(1);
const seconds: Record<string, number> = {};
for (const mb of sizes) {
  using tensor = ones([Math.max(1, Math.round((mb * 1e6) / 4))]);
  const times: number[] = [];
  for (let i = 0; i < repeats + 2; i++) {
    distributed.barrier();
    const began = performance.now();
    distributed.allReduce(tensor, { op: "avg" });
    times.push((performance.now() - began) / 1000);
  }
  // The first ones set connections and memory up.
  seconds[mb] = median(times.slice(2));
}
distributed.barrier();
distributed.destroyProcessGroup();
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
