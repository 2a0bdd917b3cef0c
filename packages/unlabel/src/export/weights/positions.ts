// A ViT's tokens before the patches, and its positions for images of another size than it was trained at: other programs resample them in
// ways of their own and give positions to other tokens, so every export has them made for its size, and those of other tokens added.
import { cat, noGrad, scope, type Tensor, zeros } from "@unlabel/torch";
import type { VisionTransformer } from "../../encoders/vit.ts";

/** What {@link placedFor} gives. */
export interface Placed {
  /** With its position, `[1, 1, width]`; null where there is none. */
  classToken: Tensor | null;
  /** With their positions, `[1, registers, width]`; null where there are none. */
  registers: Tensor | null;
  /** Of the patches alone, `[1, grid², width]`. */
  places: Tensor;
  /** The same behind a row of zeros, which the class token needs no more. */
  behindZeros: Tensor;
}

/** @param grid patches a side; in a scope */
export function placedFor(vit: VisionTransformer, grid: number): Placed {
  return noGrad(() =>
    scope(() => {
      const { before, places } = vit.placed([grid, grid]);
      const own = places.detach().unsqueeze(0).contiguous();
      const first = vit.cls_token ? 1 : 0;
      const part = (from: number, count: number) =>
        before && count > 0 ? before.detach().narrow(1, from, count).contiguous() : null;
      const [classToken, registers] = [part(0, first), part(first, vit.registers)];
      const behindZeros = cat([zeros([1, 1, vit.width], { device: own.device }), own], 1);
      return { classToken, registers, places: own, behindZeros };
    }),
  );
}
