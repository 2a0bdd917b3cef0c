// Weights from anywhere: a file, a folder of timm's or transformers', a run directory, of which the newest whole checkpoint, or a model of
// the Hugging Face hub.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { openWeights, type WeightsSource } from "../encoders/weights/open-weights.ts";
import { hintsOf } from "../encoders/weights/own-config.ts";
import type { HubStream } from "../hub/progress.ts";
import { isHub } from "../hub/reference.ts";

/** Options of {@link openSource}. */
export interface OpenSourceOptions {
  /** What stands before the encoder's names; by default found. */
  prefix?: string | undefined;
  /** Takes lines on how far a download has come; by default stderr. */
  stream?: HubStream | undefined;
}

/**
 * Opens weights for reading: names, shapes and what they are at once, numbers when they are asked for. No code in them is run. Close it.
 *
 * @param path a `.safetensors`, `.pth`, `.pt` or `.bin` file, an `.index.json`, a folder of timm's or transformers', a run directory, or
 *   `hub:ORG/NAME[@REVISION]`, which is downloaded unless the hub's cache has it
 * @throws {UserError} where nothing is there, it is damaged, or it holds no weights, and what it is instead
 */
export async function openSource(path: string, { prefix, stream }: OpenSourceOptions = {}): Promise<WeightsSource> {
  if (isHub(path)) {
    const { hubSnapshot } = await import("../hub/snapshot.ts");
    const { folder, name, notes } = await hubSnapshot(path, stream);
    const source = await openWeights(folder, { prefix });
    return { ...source, path: name, notes: [...source.notes, ...notes] };
  }
  if (!(existsSync(path) && statSync(path).isDirectory() && existsSync(join(path, "run.json")))) {
    return openWeights(path, { prefix });
  }
  // Only a run needs what reads settings, which takes its time to load.
  const [{ RunDirectory }, { stepOf }] = await Promise.all([import("./directory.ts"), import("./checkpoint-files.ts")]);
  const run = RunDirectory.open(path);
  const { config, method } = run.info;
  const { path: file, step, notes } = run.newestWeights(stepOf);
  const source = await openWeights(file, {
    producer: `unlabel's run, ${method} after step ${step}`,
    // With an average of the weights, that is what all else uses of a run.
    prefix: prefix ?? (config.weights_average === null ? "encoder." : "encoder_average."),
    hints: { ...hintsOf(config), size: config.size },
    preprocessing: {
      mean: config.mean,
      std: config.std,
      size: config.size,
      interpolation: "bilinear",
      cropShare: null,
    },
  });
  return { ...source, path, notes: [...source.notes, ...notes] };
}
