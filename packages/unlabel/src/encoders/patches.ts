// Images as sequences of patches, in row-major order; within a patch the order is (row, column, channel), as in MAE's code.
import { type Tensor, TorchError } from "@unlabel/torch";

/** Cuts images into patches: `[B, C, H, W]` → `[B, H/patch · W/patch, patch²·C]`. @throws {TorchError} where patch does not divide both */
export function patchify(images: Tensor, patch: number): Tensor {
  const [batch = 0, channels = 0, height = 0, width = 0] = images.shape;
  if (images.ndim !== 4 || height % patch !== 0 || width % patch !== 0) {
    throw new TorchError(`Expected images whose sides ${patch} divides, got [${images.shape.join(", ")}]`, "patchify");
  }
  const [rows, columns] = [height / patch, width / patch];
  return images
    .reshape([batch, channels, rows, patch, columns, patch])
    .permute([0, 2, 4, 3, 5, 1])
    .reshape([batch, rows * columns, patch * patch * channels]);
}

/** Puts the patches of square images together again: `[B, L, patch²·channels]` → `[B, channels, √L·patch, √L·patch]`. */
export function unpatchify(patches: Tensor, patch: number, channels = 3): Tensor {
  const [batch = 0, count = 0] = patches.shape;
  const side = Math.sqrt(count);
  if (patches.ndim !== 3 || !Number.isInteger(side) || patches.shape[2] !== patch * patch * channels) {
    throw new TorchError(
      `Expected [B, n², ${patch * patch * channels}] for patches, got [${patches.shape.join(", ")}]`,
      "unpatchify",
    );
  }
  return patches
    .reshape([batch, side, side, patch, patch, channels])
    .permute([0, 5, 1, 3, 2, 4])
    .reshape([batch, channels, side * patch, side * patch]);
}

/** Picks tokens by each image's own indices: `[B, L, D]` and `[B, K]` → `[B, K, D]`. */
export function gatherTokens(tokens: Tensor, index: Tensor): Tensor {
  const [batch, picked] = index.shape;
  return tokens.gather(1, index.unsqueeze(2).expand([batch!, picked!, tokens.shape[2]!]));
}
