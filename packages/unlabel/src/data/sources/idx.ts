// IDX files as MNIST and its kin come in (LeCun et al., 1998): train-images-idx3-ubyte[.gz] and its labels, gray pixels.
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { UserError } from "../../base/errors.ts";
import { readRegular } from "../../base/files.ts";
import type { Dataset } from "../folder.ts";
import { assemble, type Sample } from "./dataset.ts";
import type { Part } from "./splits.ts";

const IMAGES = /^(.*?)(train|test|t10k)-images([-.]idx)3(-ubyte(?:\.gz)?)$/i;
// All of it is kept in memory: MNIST takes 55 MB.
const MOST_BYTES = 1e9;

interface Pair {
  part: Part;
  /** What its name begins with: EMNIST has several sets in one folder. */
  set: string;
  images: string;
  labels: string | null;
}

/** The files of a folder that are IDX, or null where there are none. */
export function idxFiles(names: readonly string[]): Pair[] | null {
  const pairs = [...names].sort().flatMap((name): Pair[] => {
    const [, before, part, idx, after] = IMAGES.exec(name) ?? [];
    if (part === undefined) return [];
    const labels = `${before}${part}-labels${idx}1${after}`;
    const found = [labels, labels.replace(/\.gz$/, ""), `${labels}.gz`].find((one) => names.includes(one));
    const set = before!.replace(/[-_.]$/, "");
    return [{ part: part.toLowerCase() === "train" ? "train" : "test", set, images: name, labels: found ?? null }];
  });
  // Packed and unpacked beside each other is one file.
  const once = pairs.filter(({ images }) => !(images.endsWith(".gz") && names.includes(images.slice(0, -3))));
  return once.length > 0 ? once : null;
}

/** @throws {UserError} where a file is damaged, or images and labels are not equally many */
export function openIdx(root: string, pairs: readonly Pair[]): Dataset {
  const samples: Sample[] = [];
  const parts: { first: number; width: number; height: number; data: Uint8Array }[] = [];
  const hash = createHash("sha256");
  for (const { part, images, labels } of pairs) {
    const { dims, data } = readIdx(join(root, images), 3);
    const [count, height, width] = dims as [number, number, number];
    const of = labels === null ? null : readIdx(join(root, labels), 1);
    if (of && of.dims[0] !== count)
      throw new UserError(`Expected a label for each of ${count} images in ${join(root, labels!)}, got ${of.dims[0]}`);
    hash.update(data);
    parts.push({ first: samples.length, width, height, data });
    for (let i = 0; i < count; i++)
      samples.push({ path: `${images}#${i}`, label: of ? String(of.data[i]) : null, part });
  }
  const sets = [...new Set(pairs.map(({ set }) => set))];
  const bare = pairs.filter(({ labels }) => labels === null);
  const readings = [
    ...(sets.length > 1
      ? [
          `the sets ${sets.map((set) => set || "without a name").join(", ")} are read as one; give a folder that holds one`,
        ]
      : []),
    ...bare.map(({ images }) => `there is no file of labels for ${images}`),
  ];
  return assemble({
    root,
    layout: "idx",
    samples,
    readings,
    content: hash.digest("hex"),
    load: async (items) =>
      items.map(({ at }) => {
        const { first, width, height, data } = parts.findLast((part) => part.first <= at!)!;
        const gray = data.subarray((at! - first) * width * height, (at! - first + 1) * width * height);
        const rgb = new Uint8Array(3 * gray.length);
        for (let i = 0; i < gray.length; i++) rgb.fill(gray[i]!, 3 * i, 3 * i + 3);
        return { data: rgb, width, height };
      }),
  });
}

/** Big-endian: two zero bytes, 8 for bytes, the number of dimensions, each dimension, then the values. */
function readIdx(path: string, rank: number): { dims: number[]; data: Uint8Array } {
  const content = unpacked(path);
  const refuse = (what: string) =>
    new UserError(`Expected IDX bytes of ${rank} dimensions in ${path}, got ${what}; fetch it again`);
  const head = 4 + 4 * rank;
  if (content.length < head || content.readUInt32BE(0) !== 0x800 + rank) throw refuse("another kind of file");
  const dims = Array.from({ length: rank }, (_, i) => content.readUInt32BE(4 + 4 * i));
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (count === 0 || content.length - head !== count)
    throw refuse(`${content.length - head} values for ${dims.join(" × ")}`);
  return { dims, data: content.subarray(head) };
}

function unpacked(path: string): Buffer {
  const { size } = statSync(path);
  if (size > MOST_BYTES)
    throw new UserError(`Expected at most ${MOST_BYTES / 1e6} MB in ${path}, got ${size / 1e6} MB`);
  const content = readRegular(path);
  if (!path.endsWith(".gz")) return content;
  try {
    return gunzipSync(content, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    throw new UserError(`Expected a whole gzip file in ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
