// Features of a run's images for the studio: those that the run keeps, else encoded now and held in memory. Nothing is written.
import { statSync } from "node:fs";
import { fromTypedArray, scope, type Tensor } from "@unlabel/torch";
import { Rng } from "../../base/rng.ts";
import type { Dataset, Item } from "../../data/folder.ts";
import { trainedMethod } from "../../eval/baselines.ts";
import { alreadyEncoded, type Encoding, encodeData } from "../../eval/encode-data.ts";
import { openTrained, sizeFor } from "../../eval/evaluate.ts";
import { settleMachine } from "../../eval/session.ts";
import type { Method } from "../../methods/method.ts";
import type { RunImages } from "./images.ts";

/** Hears what is done now, and which share of it; null where nobody knows. */
export type Tell = (words: string, share: number | null) => void;

/** A run's method with its weights. */
export interface OpenedRun extends Disposable {
  method: Method;
  step: number;
  /** Edge at which images are encoded. */
  size: number;
  machine: ReturnType<typeof settleMachine>;
  images: RunImages;
}

/** What a run made of its images. */
export interface RunFeatures extends Disposable {
  /** float32 `[N, D]` on the CPU. */
  features: Tensor;
  /** Which image each row is, by its number. */
  images: Int32Array;
  skipped: number;
  cached: boolean;
}

/** A progress that nobody reads. */
const SILENT = { write: () => true };

/** What tells one state of a run's weights from another. */
export function stampOf({ run }: RunImages): string {
  const { mtimeMs, size, ino } = statSync(run.weights, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0, ino: 0 };
  return `${mtimeMs}-${size}-${ino}`;
}

/** A run's newest weights. @throws {UserError} where there are none that are whole */
export function openRun(images: RunImages): OpenedRun {
  const run = openTrained(images.run.path);
  const machine = settleMachine({ stream: SILENT }, { cacheBytes: 0 });
  const { method, step } = trainedMethod(run, () => {});
  method.eval().to({ device: machine.device, memoryFormat: "channels_last" });
  const size = sizeFor(run.info.config);
  return { method, step, size, machine, images, [Symbol.dispose]: () => method.dispose() };
}

/**
 * Features of the run's images, or of so many of them, drawn by the run's seed.
 *
 * @throws the reason of `signal`, once it is aborted
 */
export async function featuresOf(
  opened: OpenedRun,
  most: number,
  tell: Tell,
  signal?: AbortSignal,
): Promise<RunFeatures> {
  const { method, step, size, machine, images } = opened;
  const { config } = images.run.info;
  const view = { size, mean: config.mean, std: config.std };
  const numbers = images.numbers();
  const kept = alreadyEncoded(images.run, { method, step }, images.data, view, machine);
  if (kept) return some(kept, numbers, most, config.seed);
  const data = images.count <= most ? images.data : drawn(images.data, most, config.seed);
  const found = await encodeData(
    method,
    data,
    view,
    {
      stream: SILENT,
      signal,
      onEncoded: (done, total) => tell(`encoding ${total.toLocaleString("en-US")} images`, done / total),
    },
    machine,
  );
  return some(found, numbers, most, config.seed);
}

function some(found: Encoding, numbers: ReadonlyMap<Item, number>, most: number, seed: number): RunFeatures {
  const images = Int32Array.from(found.rows, ({ item }) => numbers.get(item)!);
  const whole = (features: Tensor, own: Int32Array): RunFeatures => ({
    features,
    images: own,
    skipped: found.skipped,
    cached: found.cached,
    [Symbol.dispose]: () => features.dispose(),
  });
  if (images.length <= most) return whole(found.features, images);
  const rows = drawnRows(images.length, most, seed);
  const features = scope(() => found.features.indexSelect(0, fromTypedArray(rows)));
  found.features.dispose();
  return whole(
    features,
    rows.map((row) => images[row]!),
  );
}

/** So many images of both splits, in their order. */
function drawn(data: Dataset, most: number, seed: number): Dataset {
  const all = data.train.items.length + (data.val?.items.length ?? 0);
  const rows = new Set(drawnRows(all, most, seed));
  const train = { ...data.train, items: data.train.items.filter((_, i) => rows.has(i)) };
  const val = data.val && {
    ...data.val,
    items: data.val.items.filter((_, i) => rows.has(data.train.items.length + i)),
  };
  return { ...data, train, val };
}

/** `most` of `count` numbers, ascending. */
export function drawnRows(count: number, most: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  if (count <= most) return order;
  const rng = new Rng(seed, "atlas");
  for (let i = 0; i < most; i++) {
    const j = i + rng.below(count - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, most).sort();
}
