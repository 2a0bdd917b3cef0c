// For tests of data sources: a folder of its own for each test, with a cache within it, and what a data set holds as text.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import type { Dataset, Split } from "../data/folder.ts";
import { imagesOf } from "../data/images.ts";
import { temporaryFolder } from "./data.ts";

/** Makes a folder before each test of a file and removes it afterwards. */
export function sourceFolder() {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
    vi.stubEnv("UNLABEL_CACHE", join(folder.path, "cache"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    folder[Symbol.dispose]();
  });
  return {
    get path(): string {
      return folder.path;
    },
    /** Writes a file into it and returns its path. */
    put(name: string, content: string | Uint8Array): string {
      const path = join(folder.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
  };
}

/** A split's items as `path class`. */
export function list({ classes }: Dataset, split: Split | null): string[] | null {
  return split?.items.map(({ path, label }) => `${path} ${classes[label]?.name ?? "-"}`) ?? null;
}

/** The encoded images of a split, as text. */
export async function bytesOf(split: Split): Promise<string[]> {
  const images = await imagesOf(split, split.items);
  return images.map((image) => (image instanceof Uint8Array ? Buffer.from(image).toString() : "?"));
}

/** Names of the classes. */
export const labels = ({ classes }: Dataset) => classes.map(({ name }) => name);
/** How many images each class has in train. */
export const counts = (data: Dataset) =>
  data.classes.map((_, label) => data.train.items.filter((item) => item.label === label).length);
/** What was said of it: how it was read, and what was left aside. */
export const said = ({ readings = [], leftAside = [] }: Dataset) =>
  [...readings, ...leftAside.map(({ what, count, example, hint }) => `${count} ${what} (${example}) ${hint}`)].join(
    "\n",
  );
