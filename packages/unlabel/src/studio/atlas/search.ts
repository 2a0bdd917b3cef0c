// What `unlabel search` does, for a picture that was dropped on the page or is one of the run's own images.
import { UserError } from "../../base/errors.ts";
import type { Split } from "../../data/folder.ts";
import { nameOf } from "../../data/names.ts";
import { extract, frozen } from "../../eval/features.ts";
import { nearest } from "../../score/knn.ts";
import type { FoundTold, SearchTold } from "../messages/atlas.ts";
import type { OpenedRun, RunFeatures } from "./features.ts";

/** Images that are shown, at most. */
export const MOST_FOUND = 100;

/**
 * The images nearest to one.
 *
 * @param alone a split of that image
 * @throws {UserError} where it cannot be read
 */
export async function searchIn(opened: OpenedRun, known: RunFeatures, alone: Split, k: number): Promise<SearchTold> {
  const { method, step, size, machine, images } = opened;
  const { config } = images.run.info;
  const how = {
    ...machine,
    view: { size, mean: config.mean, std: config.std },
    batch: 1,
    onSkip: ({ reason }: { reason: string }) => {
      throw new UserError(`Expected a picture that can be read, got one with: ${reason}`);
    },
  };
  const asked = await frozen(method.encoder, (fast) => extract(alone, { own: (one) => fast.features(one) }, how), how);
  using query = asked.features.own.x.to({ device: "cpu" });
  const { indices, similarities } = nearest(known.features, query, Math.min(k, MOST_FOUND));
  asked.features.own.x.dispose();
  const found = Array.from(indices, (row, j): FoundTold => {
    const image = known.images[row]!;
    const { split, item } = images.at(image);
    return {
      image,
      path: nameOf(item),
      split: split.name,
      class: images.classes[item.label]?.name ?? null,
      similarity: similarities[j]!,
    };
  });
  return { found, images: known.images.length, skipped: known.skipped, step, size, cached: known.cached };
}
