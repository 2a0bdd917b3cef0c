// Which values the bands of images that are no photographs have, in all and class by class: a class from another instrument, or of
// another exposure, is seen in it.
import type { Dataset, Split } from "../data/folder.ts";
import { type Input, isOrdinary } from "../data/input.ts";
import { sampleValues, VALUE_IMAGES, type Values } from "../data/range.ts";

/** The values of one band, as files have them; null where none of them is a number. */
export interface BandValues {
  /** From 1, as the file has it. */
  band: number;
  /** The least. */
  lowest: number | null;
  /** The 0.1st percentile. */
  p0_1: number | null;
  /** The 50th percentile. */
  median: number | null;
  /** The 99.9th percentile. */
  p99_9: number | null;
  /** The greatest. */
  highest: number | null;
}

/** The values of some training images. */
export interface ClassValues {
  /** Their class's name; null for a sample of all. */
  class: string | null;
  /** How many could be looked at. */
  images: number;
  /** One for each band that is read, in that order. */
  bands: BandValues[];
}

/** Classes, the largest, that are looked at one by one, and images of all of them together. */
export const CLASSES = 64;
const IMAGES = 1024;

/**
 * The values of all training images and of those of each class, from up to 64 images each; null for photographs, whose values are
 * known, and where none can be read.
 *
 * @param onClass told before each class
 */
export async function valuesOf(
  { train, classes }: Pick<Dataset, "train" | "classes">,
  input: Input,
  onClass: (done: number, total: number) => void,
): Promise<ClassValues[] | null> {
  if (isOrdinary(input)) return null;
  const members = new Map<number, Split["items"]>();
  for (const item of train.items) {
    const found = members.get(item.label);
    if (found) found.push(item);
    else if (item.label >= 0) members.set(item.label, [item]);
  }
  const largest = [...members].sort((a, b) => b[1].length - a[1].length || a[0] - b[0]).slice(0, CLASSES);
  const some = largest.length < 2 ? [] : largest.sort((a, b) => a[0] - b[0]);
  onClass(0, some.length + 1);
  const all = await sampleValues(train, input, 0);
  if (all === null) return null;
  const found: ClassValues[] = [{ class: null, images: all.images, bands: bandsOf(all.channels, input) }];
  const each = Math.max(1, Math.min(VALUE_IMAGES, Math.floor(IMAGES / Math.max(1, some.length))));
  for (const [i, [label, items]] of some.entries()) {
    onClass(i + 1, some.length + 1);
    const count = Math.min(each, items.length);
    const spread = Array.from({ length: count }, (_, k) => items[Math.floor((k * items.length) / count)]!);
    // A sample of a source's own would be of all classes.
    const values = await sampleValues({ ...train, items: spread, sample: undefined }, input, 0);
    if (values)
      found.push({ class: classes[label]!.name, images: values.images, bands: bandsOf(values.channels, input) });
  }
  return found;
}

function bandsOf(channels: readonly Values[], { bands }: Input): BandValues[] {
  return channels.map((values, k) => {
    const at = (value: () => number) => (values.count === 0 ? null : finite(value()));
    return {
      band: bands?.[k] ?? k + 1,
      lowest: at(() => values.least),
      p0_1: at(() => values.quantile(0.001)),
      median: at(() => values.quantile(0.5)),
      p99_9: at(() => values.quantile(0.999)),
      highest: at(() => values.greatest),
    };
  });
}

/** Seven digits are all that 32-bit floats have. */
function finite(value: number): number {
  return Number(value.toPrecision(7));
}
