// What a lighter decoder costs in quality and gains in speed: MAE on ViT-Tiny/8 trained for the same steps with the paper's decoder
// and with CrossMAE's (arXiv:2401.14391). Their losses are means over different patches, so features are compared: "ours" is
// CrossMAE's, "peer" the transformer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, type Row, row } from "./row.ts";
import { contest, type Scores } from "./score.ts";
import { smallCopy } from "./small-copy.ts";
import { mean } from "./stats.ts";

const STEPS = 400;

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const counts = quick ? { train: 128, val: 64 } : { train: 3000, val: 1000 };
    const images = await smallCopy(data, join(folder, "data"), counts);
    const steps = quick ? 1 : STEPS;
    const size = ["--size", "64", "--batch", quick ? "4" : "32"];
    // Deep and wide enough for the decoder to count, as in the paper, where it takes a third of the time.
    const set = ["patch=8", "decoder_width=128", "decoder_depth=4", "decoder_heads=4"].flatMap((one) => ["--set", one]);
    const shared = ["--method", "mae", "--preset", "small", ...size, ...set, "--steps", String(steps)];
    const sides = { cross: ["--set", "decoder=cross"], transformer: ["--set", "decoder=transformer"] };
    const { cross = [], transformer = [] } = await contest({ sides, shared, seeds: [0] }, images, folder, options);
    const of = (scores: Scores[], key: "linear" | "knn" | "speed") => mean(scores.map((one) => one[key]));
    const note = `${steps} steps, ${counts.train} images`;
    const line = (name: string, unit: string, key: "linear" | "knn" | "speed", more: Partial<Row> = {}) =>
      row(name, unit, of(cross, key), of(transformer, key), more);
    return [
      line("speed of pretraining", "images/s", "speed", { ours_mb: cross[0]?.mb, peer_mb: transformer[0]?.mb }),
      line("linear probe, top-1", "%", "linear", { note }),
      line("kNN, top-1", "%", "knn", { note }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
