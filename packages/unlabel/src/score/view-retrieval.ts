// View retrieval: whether an image is found among N by another view of it. Asked for each kind of change alone, it shows what an encoder
// ignores (recall near 1 whatever changes) and what it keeps (recall near chance where that is changed).
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { type Told, unitRows, unusable } from "./told.ts";

/** Cosines that are as far apart as float32 features tell. */
const TIE = 1e-6;

/**
 * Recall@1, image by image: 1 where the cosine of a view with its own image is above those with all others; where t images tie for the
 * first place, the own among them, 1/t, which is what drawing one of them comes to. The mean over images is recall@1, chance 1/N.
 *
 * @param images features of the images as they are, `[N, d]`
 * @param views features of the changed views, `[N, d]`, in the same order
 * @returns words where {@link unusable}
 */
export function viewHits(images: Tensor, views: Tensor): Told<Float64Array> {
  const bad = unusable(images) ?? unusable(views);
  if (bad) return bad;
  return noGrad(() =>
    scope(() => {
      const similarity = unitRows(views).mm(unitRows(images).t());
      const own = similarity.diagonal();
      const best = similarity.amax([1]);
      const ties = similarity.gt(best.sub(TIE).unsqueeze(1)).to({ dtype: "float64" }).sum(1);
      const isFirst = own.gt(best.sub(TIE)).to({ dtype: "float64" });
      return isFirst.div(ties).toArray() as Float64Array;
    }),
  );
}
