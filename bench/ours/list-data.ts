// list-data.ts DATA: seconds that a data set takes to be listed, and its first epoch to be ordered; and the most memory meanwhile.
import { performance } from "node:perf_hooks";
import { shuffle } from "../../packages/unlabel/src/base/rng.ts";
import { openData } from "../../packages/unlabel/src/data/open.ts";

const [began, used] = [performance.now(), process.cpuUsage()];
const { train } = await openData(process.argv[2] ?? "");
const listed = performance.now();
const { user, system } = process.cpuUsage(used);
const order = train.order?.(0, 0) ?? shuffle(train.items.length, 0, 0);
const ordered = performance.now();
const result = {
  images: order.length,
  listed_s: (listed - began) / 1000,
  /** Of the processor, which other work does not make longer. */
  listed_cpu_s: (user + system) / 1e6,
  order_s: (ordered - listed) / 1000,
  peak_mb: (process.resourceUsage().maxRSS * 1024) / 1e6,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
