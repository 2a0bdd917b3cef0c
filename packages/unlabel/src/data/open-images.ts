// A data set with how its images become the network's input: opened, cut into tiles, and chosen or as it was chosen before.
import { chooseInput, type InputSettings, strangersIn } from "./choose-input.ts";
import type { Dataset, LeftAside, Split } from "./folder.ts";
import type { Input } from "./input.ts";
import { inputInWords } from "./input-words.ts";
import { openData } from "./open.ts";
import { opening } from "./opening.ts";
import { cutIntoTiles } from "./tiles.ts";

export type { InputSettings } from "./choose-input.ts";

/**
 * Opens a data set and chooses how its images are read; both splits have it as `input`, and `readings` says it.
 *
 * @param seed of which images are looked at, where a source is read in blocks
 * @throws {UsageError} for settings that contradict each other
 * @throws {UserError} where there are no images, or they differ so that one reading would not do
 */
export async function openImages(root: string, settings: InputSettings, seed: number): Promise<Dataset> {
  using _opening = opening(root);
  const data = await cut(await openData(root), settings.tiles);
  const { input, readings } = await chooseInput(data.train, settings, seed);
  const strangers = data.val && (await strangersIn(data.val, input, seed));
  const all = [...(data.readings ?? []), ...readings, ...(strangers ? [strangers] : [])];
  return withInput({ ...data, readings: all }, input);
}

/**
 * Opens a data set whose images are read as an earlier run read them.
 *
 * @throws {UserError} where there are no images
 */
export async function openImagesAs(root: string, input: Input): Promise<Dataset> {
  using _opening = opening(root);
  const data = await cut(await openData(root), input.tiles);
  const words = inputInWords(input);
  return withInput(words === null ? data : { ...data, readings: [...(data.readings ?? []), words] }, input);
}

function withInput(data: Dataset, input: Input): Dataset {
  const given = (split: Split): Split => ({ ...split, input });
  return { ...data, train: given(data.train), val: data.val && given(data.val) };
}

function many(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

async function cut(data: Dataset, side: number | null): Promise<Dataset> {
  if (side === null) return data;
  const train = await cutIntoTiles(data.train, side);
  const val = data.val && (await cutIntoTiles(data.val, side));
  const both = val ? [train, val] : [train];
  const sum = (of: (one: (typeof both)[0]) => number) => both.reduce((total, one) => total + of(one), 0);
  const tiles = sum(({ split }) => split.items.length);
  const edges = sum((one) => one.edges);
  const leftAside: LeftAside[] = both.flatMap((one) => one.leftAside);
  const images = sum((one) => one.images) - leftAside.reduce((total, { count }) => total + count, 0);
  const lost =
    edges > 0 ? `; ${many(edges, "edge")} narrower than half a tile ${edges === 1 ? "is" : "are"} left out` : "";
  const size = `${side} × ${side} pixels`;
  const reading =
    tiles === images
      ? `no image makes two tiles of ${size}: ${images === 1 ? "it is" : `all ${images.toLocaleString("en")} are`} read as one each${lost}`
      : `${many(images, "image")} ${images === 1 ? "is" : "are"} cut into ${many(tiles, "tile")} of ${size}${lost}`;
  return {
    ...data,
    train: train.split,
    val: val?.split ?? null,
    readings: [...(data.readings ?? []), reading],
    leftAside: [...(data.leftAside ?? []), ...leftAside],
  };
}
