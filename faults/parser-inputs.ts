// Intact files of several kinds, as small as can be.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { saveSafetensors, zeros } from "@unlabel/torch";
import type { Terms } from "../packages/unlabel/src/compare/plan.ts";
import { tarOf } from "../packages/unlabel/src/testing/archives.ts";
import { sampleImage } from "../packages/unlabel/src/testing/data.ts";
import { writeRun } from "../packages/unlabel/src/testing/run-fixture.ts";

export const CONFIG = `# A comment
method: simclr
preset: small
lr: 3e-4
betas: [0.9, 0.95]
mean: &grey [0.5, 0.5, 0.5]
std: *grey
schedule: cosine
clip_grad_norm: null
exclude_norm_bias: true
`;

/** A short run that has been trained and probed, as its numbers go. */
export const makeRun = (folder: string, method: "mae" | "simclr" = "mae") =>
  writeRun(join(folder, "run"), {
    method,
    steps: 12,
    classes: ["a", "b", "c"],
    // With it few-shot, retrieval, and the list of the pictures.
    knn: 0.5,
    skipped: [{ path: "a.jpg", reason: "cut off" }],
  });

/** Two checkpoints as small as can be. */
export function makeCheckpoints(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, step] of [
    ["last", "6"],
    ["previous", "3"],
  ] as const) {
    for (const kind of ["safetensors", "state.safetensors"]) {
      saveSafetensors(join(folder, `${name}.${kind}`), { weight: zeros([2, 3]) }, { step }, { checksum: true });
    }
  }
}

/** The terms of a comparison. */
export const TERMS: Terms = {
  data: "/images",
  methods: ["mae"],
  seeds: [0],
  budget: { kind: "epochs", value: 2 },
  preset: "small",
  backbone: null,
  settings: { size: 32 },
};

export async function jpegs(count: number): Promise<Buffer[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => sampleImage(24, 20, i).jpeg().toBuffer()));
}

/** A POSIX tar of small files. */
export function tar(members: readonly [name: string, bytes: Buffer][]): Buffer {
  return tarOf(members.map(([path, content]) => ({ path, content })));
}

export function idxHeader(...dims: number[]): Buffer {
  return Buffer.from([0, 0, 8, dims.length, ...dims.flatMap((n) => [0, 0, n >> 8, n & 255])]);
}
