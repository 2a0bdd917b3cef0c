// What lies in a folder of images and is not read: counted by kind, with how to have it read.
import { closeSync, openSync, readSync } from "node:fs";
import { join, resolve } from "node:path";
import { shellWord } from "../base/shell.ts";
import { counted } from "../base/text.ts";
import { adviceFor, imageStart } from "./extensions.ts";
import type { Arranged } from "./layouts.ts";
import type { LeftAside } from "./reading.ts";
import type { Walked } from "./walk.ts";

/** Of all that is left aside: images first, then what may become images, then the rest; the most frequent first. */
export function leftAsideOf(root: string, walked: Walked, arranged: Arranged): LeftAside[] {
  const images = arranged.leftAside.toSorted(byCount);
  const kinds = [...walked.others]
    .filter(([, { example }]) => !isNames(example, arranged.base))
    .map(([extension, { count, example }]): LeftAside => {
      const hint = hintFor(root, extension, example);
      return { what: extension || "without an extension", count, example, ...(hint !== undefined && { hint }) };
    })
    .toSorted((a, b) => byCount(a, b) || (a.what < b.what ? -1 : 1));
  const outputs = [...walked.outputs].map(
    ([kind, { count, example }]): LeftAside => ({
      what: `${count === 1 ? kind : plural(kind)} by unlabel itself`,
      count,
      example,
      own: true,
    }),
  );
  return [
    ...images,
    ...misnamed(root, walked),
    ...kinds.filter(({ hint }) => hint !== undefined),
    ...closed(walked, arranged),
    ...bare(walked, arranged),
    ...kinds.filter(({ hint }) => hint === undefined),
    ...outputs.toSorted((a, b) => byCount(a, b) || (a.what < b.what ? -1 : 1)),
  ];
}

function byCount(a: LeftAside, b: LeftAside): number {
  return b.count - a.count;
}

function plural(kind: string): string {
  return kind === "file of features" ? "files of features" : counted(2, kind).slice(2);
}

/** What people call the classes is read. */
function isNames(path: string, base: string): boolean {
  return path === "Labels.json" || path === `${base}/Labels.json`;
}

function hintFor(root: string, extension: string, example: string): string | undefined {
  if (extension === ".npy") return "arrays beside images; in a folder of their own they are read";
  const advice = adviceFor(extension);
  if (advice !== undefined) return advice;
  const found = imageStart(headOf(join(root, example)));
  return found === null ? undefined : `by its content ${example} is a ${found}: rename them`;
}

function headOf(path: string): Uint8Array {
  const bytes = new Uint8Array(32);
  try {
    const file = openSync(path, "r");
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return bytes.subarray(0, 0); // no permission: nothing can be told of it
  }
}

function misnamed(root: string, { misnamed: found }: Walked): LeftAside[] {
  if (!found) return [];
  const hint = `JavaScript cannot open them; rename: convmv -f latin1 -t utf8 -r --notest ${shellWord(resolve(root))}`;
  return [{ what: "under names that are not UTF-8", ...found, hint }];
}

function closed({ closed: found }: Walked, { train }: Arranged): LeftAside[] {
  const [first] = found;
  if (!first || train.length === 0) return [];
  return [
    {
      what: found.length === 1 ? "folder that may not be listed" : "folders that may not be listed",
      count: found.length,
      example: first.folder,
    },
  ];
}

/** Folders at the classes' depth without an image: a class that somebody expects. */
function bare({ folders, images, outputs }: Walked, { base, layout }: Arranged): LeftAside[] {
  if (layout === "unlabelled") return [];
  const filled = new Set<string>();
  for (const { path } of images)
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (filled.has(folder)) break;
      filled.add(folder);
    }
  const depth = base === "" ? 0 : base.split("/").length;
  const own = [...outputs.values()].map(({ example }) => example);
  const most = depth + (layout === "classes" ? 1 : 2);
  const empty = folders.filter(
    (folder) =>
      !filled.has(folder) &&
      folder.startsWith(base) &&
      folder.split("/").length <= most &&
      !own.some((path) => path.startsWith(`${folder}/`)),
  );
  // Of folders within each other the outermost is named.
  const all = new Set(empty);
  const outermost = empty.filter((folder) => !all.has(folder.slice(0, folder.lastIndexOf("/"))));
  const [first] = outermost;
  if (first === undefined) return [];
  return [
    {
      what: outermost.length === 1 ? "folder without images" : "folders without images",
      count: outermost.length,
      example: `${first}/`,
    },
  ];
}
