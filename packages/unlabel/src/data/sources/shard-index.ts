// The samples of one tar shard, and a copy of that list in the user's cache: a shard is gone through once, not at every start.
import { extname, posix } from "node:path";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { IMAGE_EXTENSIONS, isLitter } from "../walk.ts";
import { type Bytes, pointerWords } from "./bytes.ts";
import { remembered } from "./remembered.ts";
import { type TarFile, tarFiles, Window } from "./tar.ts";

const ShardIndexSchema = z.object({
  samples: z.array(
    z.object({
      /** The image's own path in the archive. */
      path: z.string(),
      offset: z.number(),
      size: z.number(),
      label: z.string().optional(),
      text: z.string().optional(),
    }),
  ),
  /** Links, devices and the like. */
  ignored: z.number(),
  /** The first of them. */
  firstIgnored: z.string(),
  /** Files that are no image of a sample and no label, by what follows their names' first dot. */
  unused: z.array(z.object({ kind: z.string(), count: z.number(), example: z.string(), isImage: z.boolean() })),
  /** Files with a class that no image has the name of, or an image that has another already. */
  dropped: z.object({ count: z.number(), example: z.string() }),
  /** Images that have their class from a file that does not lie beside them. */
  apart: z.number(),
  /** JSON beside images in which no class was found. */
  classless: z.object({ count: z.number(), example: z.string() }),
});

/** See the head of this file. */
export type ShardIndex = z.infer<typeof ShardIndexSchema>;
type ShardSample = ShardIndex["samples"][number];

// Changes with what is written to the cache.
const FORMAT = 4;
// A class or a caption, not a file.
const MOST_LABEL_BYTES = 1 << 16;
const MOST_TEXT = 200;
// Beyond these, kinds of unused files count as one.
const MOST_KINDS = 64;
const CLASS_FILES = new Set([".cls", ".class", ".label", ".target"]);
const CLASS_KEYS = `label cls class target category class_name label_name class_id label_id category_id`.split(" ");
// What programs make of an image and put beside it, or which few data sets have: taken where a sample has nothing else.
const LATER = new Set([".bmp", ".ppm", ".pgm", ".pnm", ".pbm", ".npy"]);
// Which of several images with two extensions is the picture: x.rgb.png beside x.depth.png.
const PICTURES = ["image", "img", "rgb", "input", "photo", "picture", "color", "colour", "jpg", "png"];

/**
 * @param onFiles told of so many more files, where the shard has to be gone through
 * @throws {UserError} where the archive is damaged
 */
export function indexShard(bytes: Bytes, onFiles: (count: number) => void = () => {}): Promise<ShardIndex> {
  const memory = { folder: "shards", format: FORMAT, schema: ShardIndexSchema };
  return remembered(bytes, memory, () => listSamples(bytes, onFiles));
}

interface Labels {
  cls?: string;
  json?: string;
  text?: string;
  /** Files that these came from. */
  files: string[];
}

/** Files beside each other whose names are equal up to the first dot. */
interface Group {
  key: string;
  images: (TarFile & { extension: string })[];
  labels: Labels;
}

async function listSamples(bytes: Bytes, onFiles: (count: number) => void): Promise<ShardIndex> {
  const pointer = await pointerWords(bytes);
  if (pointer !== null) throw new UserError(`Expected a tar archive in ${bytes.name}, ${pointer}`);
  const file = await bytes.open();
  const index = new Index();
  try {
    const window = new Window(file, bytes, { least: bytes.chunk / 16, most: Math.max(bytes.chunk, 1 << 20) });
    let group: Group = { key: "", images: [], labels: { files: [] } };
    for await (const files of tarFiles(window, bytes, (path) => index.ignore(path))) {
      onFiles(files.length);
      for (const one of files) {
        const { base, extension } = split(one.path);
        if (one.path.split("/").some((name) => name !== "." && name !== ".." && isLitter(name))) continue;
        if (base !== group.key) {
          index.add(group);
          group = { key: base, images: [], labels: { files: [] } };
        }
        if (IMAGE_EXTENSIONS.has(extname(one.path).toLowerCase())) {
          group.images.push({ ...one, extension });
          continue;
        }
        const isLabel = CLASS_FILES.has(extension) || extension === ".json" || extension === ".txt";
        const content =
          isLabel && one.size <= MOST_LABEL_BYTES
            ? textOf(window.held(one.offset, one.size) ?? (await window.read(one.offset, one.size)))
            : undefined;
        if (content === undefined) index.leave(extension, one.path, false);
        else if (extension === ".json") {
          const found = classIn(content, `${bytes.name}/${one.path}`);
          if (found === undefined) index.countClassless(one.path);
          else group.labels.json = found;
          if (found !== undefined) group.labels.files.push(one.path);
        } else {
          if (extension === ".txt") group.labels.text = content;
          else if (group.labels.cls === undefined || extension === ".cls") group.labels.cls = content;
          group.labels.files.push(one.path);
        }
      }
    }
    index.add(group);
  } finally {
    await file.close();
  }
  return index.finish();
}

/** What has been found so far. */
class Index {
  #ignored = 0;
  #firstIgnored = "";
  readonly #samples: ShardSample[] = [];
  readonly #unused = new Map<string, ShardIndex["unused"][number]>();
  readonly #dropped = { count: 0, example: "" };
  readonly #classless = { count: 0, example: "" };
  /** Images without a label and labels without an image, by their sample's name; null where there are several. */
  readonly #bare = new Map<string, ShardSample | null>();
  readonly #apart = new Map<string, Labels | null>();

  add({ key, images, labels }: Group): void {
    const image = pictureOf(images);
    for (const other of images) if (other !== image) this.leave(other.extension, other.path, true);
    const label = labelOf(labels);
    const isLabelled = Object.keys(label).length > 0;
    if (image) {
      const sample: ShardSample = { path: image.path, offset: image.offset, size: image.size, ...label };
      this.#samples.push(sample);
      if (!isLabelled) this.#waitFor(key, sample);
    } else if (isLabelled) {
      if (this.#apart.has(key)) this.#drop(labels);
      else this.#apart.set(key, labels);
    }
  }

  ignore(path: string): void {
    if (this.#ignored++ === 0) this.#firstIgnored = path;
  }

  /** A label may come that lies elsewhere; where an array has the same name, it is the image's. */
  #waitFor(key: string, sample: ShardSample): void {
    const known = this.#bare.get(key);
    if (known === undefined || (known && isArray(known) && !isArray(sample))) this.#bare.set(key, sample);
    else if (known === null || isArray(known) || !isArray(sample)) this.#bare.set(key, null);
  }

  leave(kind: string, example: string, isImage: boolean): void {
    const own = this.#unused.has(kind) || this.#unused.size < MOST_KINDS ? kind : "";
    const known = this.#unused.get(own);
    if (known) known.count++;
    else this.#unused.set(own, { kind: own, count: 1, example, isImage });
  }

  countClassless(path: string): void {
    if (this.#classless.count++ === 0) this.#classless.example = path;
  }

  finish(): ShardIndex {
    let apart = 0;
    for (const [key, labels] of this.#apart) {
      const sample = this.#bare.get(key);
      if (sample && labels) {
        Object.assign(sample, labelOf(labels));
        apart++;
      } else if (labels) this.#drop(labels);
    }
    // An array alone among images is something made of them, too.
    const areMixed = this.#samples.some(isArray) && !this.#samples.every(isArray);
    const samples = areMixed ? this.#samples.filter((sample) => !isArray(sample)) : this.#samples;
    if (areMixed) for (const { path } of this.#samples.filter(isArray)) this.leave(".npy", path, false);
    return {
      samples,
      ignored: this.#ignored,
      firstIgnored: this.#firstIgnored,
      unused: [...this.#unused.values()],
      dropped: this.#dropped,
      apart,
      classless: this.#classless,
    };
  }

  #drop({ files }: Labels): void {
    if (this.#dropped.count === 0) this.#dropped.example = files[0] ?? "";
    this.#dropped.count += files.length;
  }
}

function isArray({ path }: Pick<ShardSample, "path">): boolean {
  return extname(path).toLowerCase() === ".npy";
}

/** The image of a sample that has several: the one with no more than an extension, then one that is called a picture. */
function pictureOf(images: Group["images"]): Group["images"][number] | undefined {
  if (images.length < 2) return images[0];
  const words = (extension: string) => extension.slice(1).split(".");
  const rank = ({ extension }: { extension: string }) => {
    const all = words(extension);
    const at = PICTURES.indexOf(all[0]!);
    const place = all.length === 1 ? -1 : at < 0 ? PICTURES.length : at;
    return place + (LATER.has(extname(`x${extension}`)) ? 1000 : 0);
  };
  return images.reduce((best, one) => (rank(one) < rank(best) ? one : best));
}

function labelOf({ cls, json, text }: Labels): Pick<ShardSample, "label" | "text"> {
  const label = cls ?? json;
  if (label !== undefined && label !== "") return { label: label.slice(0, MOST_TEXT) };
  return text ? { text: text.slice(0, MOST_TEXT) } : {};
}

/** Undefined where it is no text, as where a label is an image or an array. */
function textOf(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes);
  return text.includes("\0") ? undefined : text.trim();
}

/** What a sample's JSON calls its class: a number or a word. */
function classIn(content: string, path: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new UserError(`Expected JSON in ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value === "object" && value !== null) {
    const fields = new Map(Object.entries(value).map(([name, one]) => [name.toLowerCase(), one as unknown]));
    const key = CLASS_KEYS.find((name) => fields.has(name) && fields.get(name) !== null);
    value = key === undefined ? undefined : fields.get(key);
  }
  return typeof value === "number" || typeof value === "string" ? String(value) : undefined;
}

/** `a/b.seg.png` as `a/b` and `.seg.png`: WebDataset's names end at the first dot. */
function split(path: string): { base: string; extension: string } {
  const name = posix.basename(path);
  const dot = name.indexOf(".", 1);
  if (dot < 0) return { base: path, extension: "" };
  return { base: path.slice(0, path.length - name.length + dot), extension: name.slice(dot).toLowerCase() };
}
