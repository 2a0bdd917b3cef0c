// Whether the fused colours cost accuracy: SimCLR `small` trained for the same steps with either form over three seeds, each run
// scored by a linear probe on val. "Ours" is fused, "peer" is exact, torchvision's sequence.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberIn, runUnlabel } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

const SEEDS = [0, 1, 2];
const STEPS = 600;

export async function run({ quick, threads, data, say }: BenchOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const images = quick ? await smallCopy(data, join(folder, "data"), { train: 256, val: 64 }) : data;
    const steps = quick ? 2 : STEPS;
    const score = async (form: "fused" | "exact", seed: number) => {
      const out = join(folder, `${form}-${seed}`);
      const cores = ["--threads", String(threads)];
      const flags = ["--method", "simclr", "--preset", "small", "--epochs", "1000", "--steps", String(steps)];
      const set = ["--set", `color_form=${form}`, "--set", "online=false", "--seed", String(seed)];
      await runUnlabel(["pretrain", images, ...flags, ...set, ...cores, "--out", out], threads);
      const top1 = 100 * numberIn(await runUnlabel(["probe", out, "--no-pixels", ...cores], threads), "top1");
      say(`${form}, seed ${seed}: ${top1.toFixed(2)} % top-1`);
      return top1;
    };
    const [fused, exact]: [number[], number[]] = [[], []];
    for (const seed of SEEDS) {
      fused.push(await score("fused", seed));
      exact.push(await score("exact", seed));
    }
    const note = `${steps} steps, seeds ${SEEDS.join(", ")}; fused ${spread(fused)}, exact ${spread(exact)}`;
    return [row("probe top-1, fused colours beside exact", "%", mean(fused), mean(exact), { note })];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean ± sample standard deviation. */
function spread(values: readonly number[]): string {
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return `${middle.toFixed(2)} ± ${Math.sqrt(variance).toFixed(2)}`;
}
