// Labelled noise for tests of evaluation, with the label written into the pixels or not, and runs with a checkpoint.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { saveSafetensors } from "@unlabel/torch";
import sharp from "sharp";
import { Rng } from "../base/rng.ts";
import type { Config } from "../config/common.ts";
import type { Method } from "../methods/method.ts";

import { writeRun } from "./run-fixture.ts";

export const FOUR_CLASSES = ["ant", "bee", "cat", "dog"];
export const SIDE = 16;

/**
 * Which quarter of an image is bright, in a colour of its own: its class's (`labelled`), a random one (`shuffled`, as with shuffled
 * labels), or none (`none`).
 */
export type Pattern = "labelled" | "shuffled" | "none";

/** Writes `counts[split]` noise images of 16 × 16 pixels a class into `folder/split/class`, and returns `folder`. */
export async function writeLabelled(
  folder: string,
  counts: Record<string, number>,
  pattern: Pattern,
  classes: readonly string[] = FOUR_CLASSES,
): Promise<string> {
  for (const [split, count] of Object.entries(counts)) {
    for (const [label, name] of classes.entries()) {
      mkdirSync(join(folder, split, name), { recursive: true });
      for (let i = 0; i < count; i++) {
        const rng = new Rng(label, split, i);
        const bright = pattern === "none" ? -1 : pattern === "labelled" ? FOUR_CLASSES.indexOf(name) : rng.below(4);
        const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => {
          const [x, y] = [Math.floor(at / 3) % SIDE, Math.floor(at / 3 / SIDE)];
          const quarter = 2 * Number(y >= SIDE / 2) + Number(x >= SIDE / 2);
          // Red, green, blue, white.
          return quarter === bright
            ? 255 * Number(bright === 3 || at % 3 === bright)
            : rng.below(bright < 0 ? 200 : 60);
        });
        const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
        await image.toFile(join(folder, split, name, `${i}.png`));
      }
    }
  }
  return folder;
}

/** Writes a run directory with a checkpoint of `method` after step 42. */
export async function writeCheckpoint(path: string, method: Method, config: Config): Promise<string> {
  const run = await writeRun(path, { method: config.method, config, top1: null, pictures: 0 });
  mkdirSync(join(run, "checkpoints"), { recursive: true });
  saveSafetensors(join(run, "checkpoints", "last.safetensors"), method.stateDict(), { step: "42" });
  return run;
}
