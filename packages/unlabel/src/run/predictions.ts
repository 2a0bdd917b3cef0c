// Which class was predicted for each test image, kept in eval/*.json as base64: one byte an image, or two with the lower first where
// there are more than 256 classes. With these, what was scored on the same images can be compared image by image.
import { createHash } from "node:crypto";
import type { Predictions } from "./evaluations.ts";

/** Those of a file in numbers, `[N]` each, in the order of the test images. */
export type Predicted = { labels: Uint16Array; files?: Uint32Array } & Partial<
  Record<"trained" | "untrained" | "pixels", Uint16Array>
>;

/** Classes that two bytes tell apart. */
export const MOST_CLASSES = 65_536;

/** @param values whole numbers in [0, classes), at most {@link MOST_CLASSES} */
export function encodeClasses(values: ArrayLike<number>, classes: number): string {
  const bytes = Buffer.alloc(values.length * widthOf(classes));
  for (let n = 0; n < values.length; n++) {
    if (classes <= 256) bytes.writeUInt8(values[n]!, n);
    else bytes.writeUInt16LE(values[n]!, 2 * n);
  }
  return bytes.toString("base64");
}

/** `count` whole numbers in [0, classes), or null where the text is not that. */
export function decodeClasses(text: string, classes: number, count: number): Uint16Array | null {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== count * widthOf(classes) || bytes.toString("base64") !== text) return null;
  const values = Uint16Array.from({ length: count }, (_, n) =>
    classes <= 256 ? bytes[n]! : bytes.readUInt16LE(2 * n),
  );
  return values.every((value) => value < classes) ? values : null;
}

/** {@link Predictions} as a reader meets them. */
type Written = Pick<Predictions, "labels"> & { files?: number[] | null | undefined } & Partial<
    Record<"trained" | "untrained" | "pixels", string | null | undefined>
  >;

/** All of them, or null where one is not what it should be. */
export function decodePredictions(found: Written, classes: number, count: number): Predicted | null {
  const decoded: Partial<Predicted> = {};
  if (found.files != null) {
    const files = numberParts(found.files, count);
    if (files === null) return null;
    decoded.files = files;
  }
  for (const kind of ["labels", "trained", "untrained", "pixels"] as const) {
    const text = found[kind];
    if (text == null) continue;
    const values = decodeClasses(text, classes, count);
    if (values === null) return null;
    decoded[kind] = values;
  }
  return decoded.labels ? { ...decoded, labels: decoded.labels } : null;
}

/** How many images are of each file, by the file's number for each image. */
export function countParts(files: ArrayLike<number>): number[] {
  const counts: number[] = [];
  for (let n = 0; n < files.length; n++) {
    if (n > 0 && files[n] === files[n - 1]) counts[counts.length - 1]!++;
    else counts.push(1);
  }
  return counts;
}

/** The number of each image's file, by how many are of each; null where these are not `count` in all. */
function numberParts(counts: readonly number[], count: number): Uint32Array | null {
  if (counts.reduce((sum, one) => sum + one, 0) !== count) return null;
  return Uint32Array.from(counts.flatMap((parts, number) => new Array<number>(parts).fill(number)));
}

/** SHA-256 of the test images' names and classes, in their order: alike where the same images are scored. */
export function digestOf(images: Iterable<{ path: string; class: string }>): string {
  const hash = createHash("sha256");
  for (const image of images) hash.update(JSON.stringify([image.path, image.class]));
  return hash.digest("hex");
}

function widthOf(classes: number): 1 | 2 {
  return classes <= 256 ? 1 : 2;
}
