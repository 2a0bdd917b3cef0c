// Pictures of what a masked method predicts.
import { type Tensor, tensor } from "@unlabel/torch";

/** Normalised images `[N, C, S, S]` as bytes: their means and deviations put back, cut to what a byte holds. */
export function pictureBytes(images: Tensor, mean: readonly number[], std: readonly number[]): Tensor {
  const perChannel = (values: readonly number[]) =>
    tensor([...values], { device: images.device }).reshape([1, -1, 1, 1]);
  const unit = images.mul(perChannel(std)).add(perChannel(mean));
  return unit.mul(255).round().clamp(0, 255).to({ dtype: "uint8", memoryFormat: "contiguous" });
}
