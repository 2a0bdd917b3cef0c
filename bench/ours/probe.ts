// probe.ts IMAGES THREADS: epochs/s of the linear probe on random features [IMAGES, 512] with ten classes.
import { manualSeed, randn, setThreads } from "@unlabel/torch";
import { linearProbe, PROBE } from "../../packages/unlabel/src/eval/linear.ts";

const [count = 1, threads = 1] = process.argv.slice(2).map(Number);
setThreads(threads);
manualSeed(0);
const train = { x: randn([count, 512]), labels: Int32Array.from({ length: count }, (_, i) => i % 10) };
const settings = { ...PROBE, epochs: 100, lr: 0.1, weight_decay: 1e-4 };
linearProbe(train, train, 10, { ...settings, epochs: 2 });
const { seconds } = linearProbe(train, train, 10, settings);
process.stdout.write(`${JSON.stringify({ epochs_per_s: settings.epochs / seconds, images: count })}\n`);
