// A folder's images as features of length 1: what is most alike is what has the largest product.
import { join } from "node:path";
import { type ImageSource, type Item, type LoadedEncoder, openData, type Split, UserError } from "unlabel";

export interface Match {
  path: string;
  /** Cosine, in [−1, 1]. */
  similarity: number;
}

export interface Gallery {
  paths: string[];
  /** What could not be read. */
  skipped: string[];
  /** The `k` images nearest to features, nearest first. */
  nearest(features: Float32Array, k: number): Match[];
}

/** Images encoded at a time. */
const BATCH = 64;

/**
 * Encodes all images of a data set.
 *
 * @throws {UserError} where none can be read
 */
export async function readGallery(encoder: LoadedEncoder, folder: string): Promise<Gallery> {
  const { train, val } = await openData(folder);
  const [paths, skipped, rows]: [string[], string[], Float32Array[]] = [[], [], []];
  for (const split of val ? [train, val] : [train]) {
    for (let at = 0; at < split.items.length; at += BATCH) {
      const items = split.items.slice(at, at + BATCH);
      const images = await imagesOf(split, items);
      const found = await encodeReadable(encoder, images);
      for (const [i, row] of found.entries()) {
        const { path } = items[i]!;
        if (row === null) skipped.push(path);
        else {
          paths.push(path);
          rows.push(normalised(row));
        }
      }
    }
  }
  if (rows.length === 0) throw new UserError(`Expected images that can be read in ${folder}, got none`);
  return {
    paths,
    skipped,
    nearest(features, k) {
      const query = normalised(features);
      return rows
        .map((row, i) => ({ path: paths[i]!, similarity: dot(row, query) }))
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, k);
    },
  };
}

/** Where a split's images are: in files, or in an archive that hands them out. */
async function imagesOf(split: Split, items: readonly Item[]): Promise<ImageSource[]> {
  return split.load ? split.load(items) : items.map(({ path }) => join(split.root, path));
}

/** Features of each image, null where it cannot be read: together as long as all can, else one by one. */
async function encodeReadable(encoder: LoadedEncoder, images: ImageSource[]): Promise<(Float32Array | null)[]> {
  try {
    const all = await encoder.encode(images);
    return images.map((_, i) => all.subarray(i * encoder.dim, (i + 1) * encoder.dim));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (images.length === 1) return [null];
    const found: (Float32Array | null)[] = [];
    for (const image of images) found.push(...(await encodeReadable(encoder, [image])));
    return found;
  }
}

function normalised(row: Float32Array): Float32Array {
  const length = Math.sqrt(dot(row, row)) || 1;
  return row.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
