// The images of a run as the studio has them: opened once, each by its number (those of train, then those of val).
import { createHash } from "node:crypto";
import { UserError } from "../../base/errors.ts";
import type { ClassName, Dataset, Item, Split } from "../../data/folder.ts";
import { nameOf } from "../../data/names.ts";
import { openImagesAs } from "../../data/open-images.ts";
import { ImageReader } from "../../data/reader.ts";
import { type Picture, pictureOf } from "../../label/picture.ts";
import { RunDirectory } from "../../run/directory.ts";
import { Folders } from "../runs/folders.ts";
import { sheetOf } from "./sheet-of.ts";
import { checkedPlaceOf, imagesOutside, within } from "./within.ts";

/** What is read of a run where its encoder is asked. */
const READ = ["run.json", "checkpoints", "cache"];

/** Makes sure that what is read of a run lies in the folders given. @throws {UserError} where one of its files is a link out of them */
export async function checkRun(dir: string, roots: readonly string[]): Promise<void> {
  await (await Folders.of(roots)).check(dir, READ);
}

/** An image and what it is of. */
export interface Placed {
  split: Split;
  item: Item;
}

/** See the head of this file. */
export class RunImages {
  readonly run: RunDirectory;
  readonly data: Dataset;
  /** Images that lead out of the folders given. */
  readonly out: number;
  readonly #reader = new ImageReader({ cacheBytes: 0 });

  private constructor(run: RunDirectory, data: Dataset, out: number) {
    [this.run, this.data, this.out] = [run, data, out];
  }

  /**
   * Opens the images that a run was trained on.
   *
   * @param roots the folders given, without links
   * @throws {UserError} where these lie elsewhere, or are gone
   */
  static async open(dir: string, roots: readonly string[]): Promise<RunImages> {
    await checkRun(dir, roots);
    const run = RunDirectory.open(dir);
    const { root, input } = run.info.data;
    return RunImages.of(run, await openImagesAs(checkedPlaceOf(root, roots), input), roots);
  }

  private static of(run: RunDirectory, opened: Dataset, roots: readonly string[]): RunImages {
    const { data, out, outside } = within(opened, roots);
    const images = new RunImages(run, data, out);
    if (images.count === 0) throw imagesOutside(out, outside, roots);
    return images;
  }

  /** How many there are. */
  get count(): number {
    return this.data.train.items.length + (this.data.val?.items.length ?? 0);
  }

  get classes(): readonly ClassName[] {
    return this.data.classes;
  }

  /** The same for the same images in the same order. */
  get key(): string {
    const hash = createHash("sha256");
    for (const { items } of this.splits) for (const item of items) hash.update(`${nameOf(item)}\n`);
    return hash.digest("hex").slice(0, 16);
  }

  get splits(): Split[] {
    return this.data.val ? [this.data.train, this.data.val] : [this.data.train];
  }

  /** An image by its number. @throws {UserError} where there is none */
  at(image: number): Placed {
    const { train, val } = this.data;
    const item = train.items[image];
    if (item) return { split: train, item };
    const other = val?.items[image - train.items.length];
    if (val && other) return { split: val, item: other };
    throw new UserError(`Expected the number of an image, below ${this.count}, got ${image}`);
  }

  /** The numbers of images by their items. */
  numbers(): Map<Item, number> {
    return new Map(this.splits.flatMap(({ items }) => items).map((item, i) => [item, i]));
  }

  /** What images are called, and their classes. */
  names(images: readonly number[]): { path: string; split: "train" | "val"; class: string | null }[] {
    return images.map((image) => {
      const { split, item } = this.at(image);
      return { path: nameOf(item), split: split.name, class: this.classes[item.label]?.name ?? null };
    });
  }

  /** A sheet of small squares in one JPEG, ten in a row; what cannot be read is black. */
  thumbnails(images: readonly number[], edge: number): Promise<Uint8Array> {
    return sheetOf(
      images.map((image) => this.at(image)),
      edge,
      this.#reader,
    );
  }

  /** An image as a person can judge it. @throws {UserError} where it cannot be read */
  picture(image: number): Promise<Picture> {
    const { split, item } = this.at(image);
    return pictureOf(split, item, this.#reader);
  }
}
