// A ViT's positions for images of another size than it was trained at: other programs resample them in ways of their own, so every export
// has them made for its size.
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { resamplePositions } from "../../encoders/positions.ts";
import type { VisionTransformer } from "../../encoders/vit.ts";

/** `[1, 1 + grid², width]`, the class token's first. @param grid patches a side */
export function positionsFor({ pos_embed, grid: own }: VisionTransformer, grid: number): Tensor {
  return noGrad(() =>
    scope(() => {
      if (grid === own) return pos_embed.detach().clone();
      return resamplePositions(pos_embed.select(0, 0), [own, own], [grid, grid]).unsqueeze(0);
    }),
  );
}
