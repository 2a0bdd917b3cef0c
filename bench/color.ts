// Whether the fused colours cost accuracy: SimCLR `small` trained for the same steps with either form over three seeds, each run
// scored by a linear probe on val. "Ours" is fused, "peer" is exact, torchvision's sequence.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, type Row, row } from "./row.ts";
import { contest, type Scores } from "./score.ts";
import { smallCopy } from "./small-copy.ts";
import { mean, spread } from "./stats.ts";

const SEEDS = [0, 1, 2];
const STEPS = 600;

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const images = quick ? await smallCopy(data, join(folder, "data"), { train: 256, val: 64 }) : data;
    const steps = quick ? 2 : STEPS;
    const sides = { fused: ["--set", "color_form=fused"], exact: ["--set", "color_form=exact"] };
    const shared = ["--method", "simclr", "--preset", "small", "--steps", String(steps)];
    const scores = await contest({ sides, shared, seeds: SEEDS }, images, folder, options);
    const [fused, exact] = [linear(scores.fused), linear(scores.exact)];
    const note = `${steps} steps, seeds ${SEEDS.join(", ")}; fused ${spread(fused)}, exact ${spread(exact)}`;
    return [row("probe top-1, fused colours beside exact", "%", mean(fused), mean(exact), { note })];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function linear(scores: readonly Scores[] = []): number[] {
  return scores.map((one) => one.linear);
}
