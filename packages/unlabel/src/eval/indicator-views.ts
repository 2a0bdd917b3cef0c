// The views that indicators compare: each kind of change alone, two or more changed as SimCLR changes them, and parts of an image whose
// place is asked for. One recipe for every method and data set: an encoder is not asked by the changes that it was trained with.
import type { Rng } from "../base/rng.ts";
import { centerBox, randomBox } from "../data/crop.ts";
import type { Size } from "../data/reader.ts";
import type { SeenAs } from "../data/view-batches.ts";
import type { Box, ViewSpec } from "../data/views.ts";

/** Augmented views of each image: LiDAR's, and the first two for alignment. */
export const AUGMENTED = 4;
/** Directions in which a part may lie from the middle: right, below, left, above. */
const DIRECTIONS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** How many there are to tell apart. */
export const PLACES = DIRECTIONS.length;

const RATIO = [3 / 4, 4 / 3] as const;

/** All views of an image but those turned by quarters, which are made of the plain one. @param size of the views in pixels */
export function indicatorViews({ size, mean }: Pick<ViewSpec, "size" | "mean">): SeenAs[] {
  const colours = mean.length === 3;
  const jitter = (strength: number, hue: number, p: number) => {
    const color = {
      brightness: strength,
      contrast: strength,
      saturation: colours ? strength : 0,
      hue: colours ? hue : 0,
      p,
    };
    return { color, grayscale: 0, blur: null };
  };
  const middle = (whole: Size) => centerBox(whole.width, whole.height, size, 1);
  // As wide as 5.6 pixels of 224.
  const sigma = size / 40;
  const blur = { p: 1, sigma: [sigma, sigma] as const, kernel: 2 * Math.ceil(3 * sigma) + 1 };
  const augmented: Omit<SeenAs, "name"> = {
    box: (whole, rng) =>
      randomBox(whole.width, whole.height, { crop: { scale: [0.2, 1], ratio: RATIO }, flip: 0.5 }, rng),
    changes: { ...jitter(0.4, 0.1, 0.8), grayscale: colours ? 0.2 : 0 },
  };
  return [
    { name: "plain", box: middle },
    {
      name: "crop",
      box: (whole, rng) =>
        randomBox(whole.width, whole.height, { crop: { scale: [0.2, 0.6], ratio: RATIO }, flip: 0 }, rng),
    },
    { name: "colour", box: middle, changes: jitter(0.6, 0.3, 1) },
    { name: "blur", box: middle, changes: { color: null, grayscale: 0, blur } },
    ...Array.from({ length: AUGMENTED }, (_, i) => ({ ...augmented, name: `augmented-${i}` })),
    { name: "part-middle", box: (whole, rng) => part(middle(whole), [0, 0], rng) },
    ...[0, 1].map((which) => ({
      name: `part-${which}`,
      box: (whole: Size, rng: Rng, number: number) => part(middle(whole), DIRECTIONS[placesOf(number)[which]!]!, rng),
    })),
  ];
}

/** The places of an image's two outer parts, different ones, by its number. */
export function placesOf(number: number): readonly [number, number] {
  const first = number % PLACES;
  return [first, (first + 1 + (Math.floor(number / PLACES) % (PLACES - 1))) % PLACES];
}

/** By how many quarters an image is turned that is to be found again, 1 to 3. */
export function turnsOf(number: number): number {
  return 1 + (number % 3);
}

/** Of the nine parts of a square the one in that direction; two thirds of its edge, somewhere in it, so that no edges meet. */
function part({ x, y, width, height }: Box, [right, down]: readonly [number, number], rng: Rng): Box {
  const [w, h] = [width / 3, height / 3];
  const at = (start: number, step: number, edge: number) => start + (1 + step) * edge + rng.uniform(0, edge / 3);
  return { x: at(x, right, w), y: at(y, down, h), width: (2 * w) / 3, height: (2 * h) / 3, flip: false };
}
