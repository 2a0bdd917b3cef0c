// What methods say whose heads or losses look across the images that are in the network at once.
import type { CommonConfig } from "../../config/common.ts";

/** A line where there is but one of them: nothing can be normalised over it. @param title of the method */
export function fewImages(
  { batch, micro_batch: part }: Pick<CommonConfig, "batch" | "micro_batch">,
  title: string,
): string[] {
  const few = batch < 2 ? "batch" : part === 1 ? "micro_batch" : null;
  return few
    ? [
        `Expected at least 2 for ${few}, since ${title}'${title.endsWith("s") ? "" : "s"} heads normalise over a batch, got 1`,
      ]
    : [];
}
