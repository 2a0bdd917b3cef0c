// How many outputs a head needs that gives images to itself as classes (DINO, iBOT): no more than can be told apart.
import type { About } from "../about.ts";

/** What `auto` fits: half as many outputs as there are images, 16 at least, where that is fewer than `most`. */
export function fitOutputs(most: number): NonNullable<About["fit"]> {
  return ({ images }) => {
    const outputs = Math.max(16, Math.floor(images / 2));
    if (outputs >= most) return [];
    return [{ settings: { outputs }, why: `${images} images need no more answers to be told apart` }];
  };
}
