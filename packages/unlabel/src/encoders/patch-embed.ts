// The first layer of a ViT: from patches to tokens.
import { linear, nn, scope, type Tensor } from "@unlabel/torch";

/**
 * Patches to tokens: `[B, K, patch²·channels]` → `[B, K, width]`. The weight has the shape of timm's convolution of stride `patch`;
 * as a matrix product it need not see patches that are left out.
 */
export class PatchEmbed extends nn.Module {
  /** Its weight, `[width, channels, patch, patch]`. */
  proj: nn.Conv2d;

  constructor(patch: number, width: number, channels: number) {
    super();
    this.proj = new nn.Conv2d(channels, width, patch, { stride: patch });
    // Two views of the weight, freed at once.
    scope(() => void nn.init.xavierUniform(this.proj.weight.detach().reshape([width, channels * patch * patch])));
    nn.init.zeros(this.proj.bias!);
  }

  override forward(patches: Tensor): Tensor {
    // (channel, row, column) to the patches' (row, column, channel): no copy where weights are channels-last.
    const weight = this.proj.weight.permute([0, 2, 3, 1]).flatten(1);
    return linear(patches, weight, this.proj.bias);
  }
}
