// Whether bf16 costs accuracy: SimCLR and MAE `small` trained for the same steps in either format over three seeds. "Ours" is
// bf16, "peer" is fp32. What it finds holds wherever bf16 is computed alike, so it also runs where bf16 is the slower.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { choosePrecision } from "../packages/unlabel/src/train/precision.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { contest, type Scores } from "./score.ts";
import { smallCopy } from "./small-copy.ts";
import { deviation, mean, spread } from "./stats.ts";

const SEEDS = [0, 1, 2];
const STEPS = 200;
const METHODS = ["simclr", "mae"];

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data, device, say } = options;
  const name = (method: string) => `${method}, probe top-1, bf16 beside fp32`;
  if (!quick && device === "cpu" && choosePrecision("auto", "cpu") === "fp32") {
    say("bf16 is not faster on this CPU: about 40 minutes on two cores");
  }
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const counts = quick ? { train: 128, val: 64 } : { train: 4000, val: 2000 };
    const images = await smallCopy(data, join(folder, "data"), counts);
    const steps = quick ? 1 : STEPS;
    const batch = quick ? ["--batch", "4"] : [];
    const sides = { bf16: ["--precision", "bf16"], fp32: ["--precision", "fp32"] };
    const rows: Row[] = [];
    for (const method of METHODS) {
      say(method);
      const shared = ["--method", method, "--preset", "small", "--steps", String(steps), ...batch];
      const seeds = quick ? SEEDS.slice(0, 1) : SEEDS;
      const scores = await contest({ sides, shared, seeds }, images, join(folder, method), options);
      const [half, full] = [linear(scores.bf16), linear(scores.fp32)];
      const gap = Math.abs(mean(half) - mean(full));
      const noise = Math.hypot(deviation(half), deviation(full));
      const said = seeds.length > 1 ? `; difference ${gap.toFixed(2)}, noise of seeds ${noise.toFixed(2)}` : "";
      const note = `${steps} steps, seeds ${seeds.join(", ")}; bf16 ${spread(half)}, fp32 ${spread(full)}${said}`;
      rows.push(row(name(method), "%", mean(half), mean(full), { note }));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function linear(scores: readonly Scores[] = []): number[] {
  return scores.map((one) => one.linear);
}
