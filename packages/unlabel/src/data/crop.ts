// Crop boxes: torchvision's RandomResizedCrop for training, Resize + CenterCrop as a single box for evaluation.

import type { Rng } from "../base/rng.ts";
import type { Box, ViewSpec } from "./views.ts";

/** Python's `round`: halves go to the even neighbour. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * A random crop box with torchvision's `RandomResizedCrop.get_params` semantics: area uniform in `scale`, aspect ratio
 * log-uniform in `ratio`, ten attempts, then the largest centred box whose ratio is allowed; flipped with probability `flip`.
 */
export function randomBox(width: number, height: number, spec: Pick<ViewSpec, "crop" | "flip">, rng: Rng): Box {
  const [minRatio, maxRatio] = spec.crop.ratio;
  const flip = rng.chance(spec.flip);
  // Where nothing is left to chance the centred box is asked for: by chance one side would be a pixel short, and begin anywhere.
  const attempts = spec.crop.scale[0] === 1 && minRatio === maxRatio ? 0 : 10;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = width * height * rng.uniform(...spec.crop.scale);
    const ratio = Math.exp(rng.uniform(Math.log(minRatio), Math.log(maxRatio)));
    const w = roundHalfEven(Math.sqrt(area * ratio));
    const h = roundHalfEven(Math.sqrt(area / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      return { x: rng.below(width - w + 1), y: rng.below(height - h + 1), width: w, height: h, flip };
    }
  }
  const ratio = width / height;
  const w = ratio > maxRatio ? Math.max(1, roundHalfEven(height * maxRatio)) : width;
  const h = ratio < minRatio ? Math.max(1, roundHalfEven(width / minRatio)) : height;
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h, flip };
}

/**
 * The box that `Resize(short side)` followed by `CenterCrop(size)` sees, in pixels of the image.
 *
 * @param fraction `size` over the resized short side: 0.875 is the usual 224 of 256, 1 keeps the whole short side.
 */
export function centerBox(width: number, height: number, size: number, fraction = 0.875): Box {
  // As timm and transformers round, but for what division leaves.
  const short = Math.max(size, Math.floor(size / fraction + 1e-6));
  const [w, h] =
    width <= height ? [short, Math.floor((short * height) / width)] : [Math.floor((short * width) / height), short];
  const x = (roundHalfEven((w - size) / 2) * width) / w;
  const y = (roundHalfEven((h - size) / 2) * height) / h;
  return { x, y, width: (size * width) / w, height: (size * height) / h, flip: false };
}
