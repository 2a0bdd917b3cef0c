// A few images of each class of a large data set, as links: for trying a bench out.
import { mkdirSync, symlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { openData } from "../packages/unlabel/src/data/open.ts";

/** Makes `folder` with train/CLASS and val/CLASS, of as many images in all as asked for. */
export async function smallCopy(root: string, folder: string, counts: { train: number; val: number }): Promise<string> {
  const { train, val, classes } = await openData(root);
  if (!val) throw new UserError(`Expected train and val in ${root}, got images without val`);
  for (const [name, split] of Object.entries({ train, val })) {
    const left = new Map<number, number>();
    for (const { path, label } of split.items) {
      const taken = left.get(label) ?? 0;
      if (taken * classes.length >= counts[name as keyof typeof counts]) continue;
      left.set(label, taken + 1);
      const place = join(folder, name, classes[label]?.id ?? "unlabelled");
      mkdirSync(place, { recursive: true });
      symlinkSync(resolve(split.root, path), join(place, basename(path)));
    }
  }
  return folder;
}
