// Which images indicators look at: val where there is one, else what training held out, else some of what it saw, which is said.
import { counted } from "../base/text.ts";
import type { Dataset, Split } from "../data/folder.ts";
import { holdOut, placeOf } from "../data/hold-out.ts";
import { absoluteRoot } from "../data/open.ts";
import type { IndicatorSize } from "../run/evaluations.ts";
import type { LookedAt } from "../run/indicators.ts";
import type { TrainedOn } from "./evaluated.ts";

/** Images looked at as they are, at most; RankMe of features of half as many dimensions can be told. */
export const MOST_IMAGES = 2048;
/** Images looked at in several views, at most. */
export const MOST_VIEWED = 512;

export interface LookedImages {
  /** The images, in the order of their split; not more than {@link MOST_IMAGES}. */
  split: Split;
  /** Which these are. */
  from: LookedAt;
  /** What a reader of the numbers should know. */
  notes: string[];
}

/** The images of `data` that tell most of the run's encoder: those that it was not trained on, where that can be known. */
export function indicatorImages(data: Dataset, info: { data: TrainedOn } | null): LookedImages {
  if (info === null) {
    const note = "nothing says which images these weights were trained on: they may have seen these";
    const has = data.val && data.val.items.length > 0;
    return looked(has ? data.val! : data.train, has ? "val" : "train", [note]);
  }
  const isOwn = info.data.fingerprint === data.fingerprint || info.data.root === absoluteRoot(data.root);
  if (data.val && data.val.items.length > 0) return looked(data.val, "val", []);
  const saved = info.data.held_out ?? null;
  const own = isOwn ? holdOut(data, saved) : data;
  if (own.heldOut) return looked(own.heldOut.split, "held out", []);
  const note = isOwn
    ? "there is no val, and nothing was held out: the images looked at are some of those that training saw"
    : "these are other images than the run was trained on, unless it saw some of them elsewhere";
  return looked(data.train, "train", [note]);
}

/** Those that come first by name, the same for every run. */
function looked(split: Split, from: LookedAt, notes: string[]): LookedImages {
  const { items } = split;
  if (items.length <= MOST_IMAGES) return { split, from, notes };
  const chosen = new Set(firstByName(split, MOST_IMAGES));
  const some = { ...split, items: items.filter((_, i) => chosen.has(i)) };
  return { split: some, from, notes: [...notes, `of ${counted(items.length, "image")} ${MOST_IMAGES} are looked at`] };
}

/** Places in the split of the `count` images that come first by name; parts of a file come one after the other. */
export function firstByName({ items }: Pick<Split, "items">, count: number): number[] {
  const places = items.map(({ path }) => placeOf(path));
  return Array.from(items.keys())
    .sort((a, b) => places[a]! - places[b]! || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** Of the images found those that the plan has, and what a reader should know of it. */
export function cutTo(
  found: LookedImages,
  { images, viewed, isCut, allowed }: IndicatorSize & { isCut: boolean; allowed: number | null },
): { images: LookedImages; notes: string[] } {
  const { split } = found;
  const all = split.items.length;
  const notes = isCut
    ? [
        `of ${counted(all, "image")} ${Math.min(images, all)} are looked at, ${Math.min(viewed, all)} of them in several views${allowed === null ? "" : `, since more would take longer than a fifth of the training's time (${allowed.toFixed(allowed < 10 ? 1 : 0)} s); --indicator-images N looks at N whatever that takes`}`,
      ]
    : [];
  if (images >= all) return { images: found, notes };
  const chosen = new Set(firstByName(split, images));
  return { images: { ...found, split: { ...split, items: split.items.filter((_, i) => chosen.has(i)) } }, notes };
}
