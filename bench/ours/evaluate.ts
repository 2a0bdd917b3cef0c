// evaluate.ts RUN THREADS DEVICE: seconds that evaluating a run takes, in all and by phase.
import { evaluate } from "../../packages/unlabel/src/eval/evaluate.ts";
import { RunDirectory } from "../../packages/unlabel/src/run/directory.ts";

const [run = "", threads, device = "cpu"] = process.argv.slice(2);
const phases: Record<string, number> = {};
const began = performance.now();
const found = await evaluate(run, RunDirectory.open(run).info.data.root, {
  threads: Number(threads),
  device: device === "cuda" ? "cuda" : "cpu",
  onPhase: (phase, seconds) => {
    phases[phase] = (phases[phase] ?? 0) + seconds;
  },
});
const seconds = (performance.now() - began) / 1000;
const images = found.linear ? found.linear.train_images + found.linear.val_images : 0;
process.stdout.write(
  `${JSON.stringify({ seconds, images, phases, linear: found.linear?.top1, knn: found.knn?.top1 })}\n`,
);
