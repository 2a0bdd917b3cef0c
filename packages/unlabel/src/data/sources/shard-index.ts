// The samples of one tar shard, and a copy of that list in the user's cache: a shard is gone through once, not at every start.
import { extname, posix } from "node:path";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { IMAGE_EXTENSIONS } from "../walk.ts";
import type { Bytes } from "./bytes.ts";
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
});

export type ShardIndex = z.infer<typeof ShardIndexSchema>;
type ShardSample = ShardIndex["samples"][number];

// Changes with what is written to the cache.
const FORMAT = 1;
// A class or a caption, not a file.
const MOST_LABEL_BYTES = 1 << 16;
const MOST_TEXT = 200;

/** @throws {UserError} where the archive is damaged */
export function indexShard(bytes: Bytes): Promise<ShardIndex> {
  return remembered(bytes, { folder: "shards", format: FORMAT, schema: ShardIndexSchema }, () => listSamples(bytes));
}

async function listSamples(bytes: Bytes): Promise<ShardIndex> {
  const file = await bytes.open();
  const index: ShardIndex = { samples: [], ignored: 0 };
  try {
    const window = new Window(file, bytes);
    let key = "";
    let images: TarFile[] = [];
    let labels: Labels = {};
    const finish = () => {
      const image = images[0];
      if (image) index.samples.push({ path: image.path, offset: image.offset, size: image.size, ...labelOf(labels) });
      [images, labels] = [[], {}];
    };
    for await (const one of tarFiles(window, bytes, () => index.ignored++)) {
      const { base, extension } = split(one.path);
      if (posix.basename(one.path).startsWith(".")) continue;
      if (base !== key) finish();
      key = base;
      if (IMAGE_EXTENSIONS.has(extname(one.path).toLowerCase())) images.push(one);
      else if (extension === ".cls" || extension === ".json" || extension === ".txt") {
        if (one.size > MOST_LABEL_BYTES) continue;
        const content = new TextDecoder().decode(await window.read(one.offset, one.size)).trim();
        if (extension === ".cls") labels.cls = content;
        else if (extension === ".txt") labels.text = content;
        else labels.json = classIn(content, `${bytes.name}/${one.path}`);
      }
    }
    finish();
  } finally {
    await file.close();
  }
  return index;
}

interface Labels {
  cls?: string;
  json?: string | undefined;
  text?: string;
}

function labelOf({ cls, json, text }: Labels): Pick<ShardSample, "label" | "text"> {
  const label = cls ?? json;
  if (label !== undefined && label !== "") return { label: label.slice(0, MOST_TEXT) };
  return text ? { text: text.slice(0, MOST_TEXT) } : {};
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
    const fields: Record<string, unknown> = { ...value };
    value = fields.label ?? fields.cls ?? fields.class;
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
