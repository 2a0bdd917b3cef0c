// Whether 8 bits cost an encoder its neighbours: kNN of photographs, by features of the exported ONNX files in fp32 and in int8.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { evalBatches } from "../packages/unlabel/src/data/eval-batches.ts";
import type { Split } from "../packages/unlabel/src/data/folder.ts";
import { openData } from "../packages/unlabel/src/data/open.ts";
import { exportEncoder } from "../packages/unlabel/src/export/export.ts";
import { KNN, nearest, vote } from "../packages/unlabel/src/score/knn.ts";
import { pretrain } from "../packages/unlabel/src/train/pretrain.ts";
import type { Outcome } from "./runs.ts";

const SIZE = 64;
/** Of Imagenette: every tenth image to learn neighbours of, every fourth to ask. */
const BANK = 10;
const ASKED = 4;
/** A point of a hundred. */
const MOST = 0.01;

const ENCODERS = [
  { encoder: "resnet18", method: "simclr", stem: "7x7" },
  { encoder: "vit_tiny", method: "simclr", patch: 8 },
] as const;

/** kNN top-1 in both, of encoders that were trained for some steps; what is left out where Imagenette is not there says so. */
export async function neighboursOf(root: string): Promise<Outcome[]> {
  const shared = join(import.meta.dirname, "..", "..", "shared", "data");
  const data = join(process.env.UNLABEL_TEST_DATA ?? shared, "imagenette");
  if (!existsSync(data)) {
    process.stderr.write(`Left out: neighbours in 8 bits need Imagenette in ${data}, or UNLABEL_TEST_DATA\n`);
    return [];
  }
  const { train, val } = await openData(data);
  if (!val) throw new Error(`Expected a val split in ${data}`);
  const [bank, asked] = [every(train, BANK), every(val, ASKED)];
  const outcomes: Outcome[] = [];
  for (const settings of ENCODERS) {
    const run = join(root, "runs", `neighbours-${settings.encoder}`);
    const flags = {
      preset: "small",
      size: SIZE,
      eval_size: SIZE,
      batch: 32,
      steps: 4,
      health_every: 0,
      online: false,
    };
    await pretrain({ data, settings: { flags: { ...flags, ...settings } }, out: run, stream: { write: () => true } });
    const scores = { fp32: 0, int8: 0 };
    for (const precision of ["fp32", "int8"] as const) {
      const out = join(root, `neighbours-${settings.encoder}-${precision}`);
      const { files } = await exportEncoder(run, { to: "onnx", out, precision, preprocessing: "without" });
      const session = await InferenceSession.create(join(out, files[0]!.path));
      scores[precision] = await top1(session, bank, asked);
    }
    const { fp32, int8 } = scores;
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    outcomes.push({
      what: `${settings.encoder}, kNN top-1 of ${asked.items.length} photographs in fp32 and int8`,
      found: `${percent(fp32)}, ${percent(int8)}, needed within ${percent(MOST)}`,
      good: Math.abs(fp32 - int8) <= MOST && fp32 > 0.15,
    });
  }
  return outcomes;
}

function every(split: Split, n: number): Split {
  return { ...split, items: split.items.filter((_, i) => i % n === 0) };
}

async function top1(session: InferenceSession, bank: Split, asked: Split): Promise<number> {
  const [known, queries] = [await features(session, bank), await features(session, asked)];
  return noGrad(() =>
    scope(() => {
      const [keys, rows] = [known.rows, queries.rows].map(matrix) as [Tensor, Tensor];
      const classes = Math.max(...known.labels) + 1;
      const votes = vote(nearest(keys, rows, KNN.k), Int32Array.from(known.labels), classes, KNN);
      const guess = (i: number) => {
        const own = votes.subarray(i * classes, (i + 1) * classes);
        return own.indexOf(Math.max(...own));
      };
      return queries.labels.filter((label, i) => label === guess(i)).length / queries.labels.length;
    }),
  );
}

const matrix = (rows: readonly Float32Array[]) => {
  const [first = new Float32Array()] = rows;
  const all = new Float32Array(rows.length * first.length);
  for (const [i, row] of rows.entries()) all.set(row, i * first.length);
  return fromTypedArray(all, [rows.length, first.length]);
};

async function features(session: InferenceSession, split: Split) {
  const found: { rows: Float32Array[]; labels: number[] } = { rows: [], labels: [] };
  const view = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], fraction: 1, batch: 64 };
  for await (const { images, labels } of evalBatches(split, SIZE, view)) {
    const values = images.contiguous().toArray() as Float32Array;
    const pixels = new OrtTensor("float32", values, [...images.shape]);
    const { features } = await session.run({ pixel_values: pixels });
    const [rows = 0, length = 0] = features!.dims;
    const data = features!.data as Float32Array;
    for (let i = 0; i < rows; i++) found.rows.push(data.slice(i * length, (i + 1) * length));
    found.labels.push(...labels);
    images.dispose();
  }
  return found;
}
