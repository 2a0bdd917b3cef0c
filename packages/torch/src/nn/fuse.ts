// A convolution and the BatchNorm after it as one convolution, for evaluation, where the norm is a fixed scale and shift of each
// channel: as torch.nn.utils.fuse_conv_bn_eval.
import { noGrad } from "../autograd.ts";
import { TorchError } from "../errors.ts";
import { keep, scope } from "../handle.ts";
import type { Tensor } from "../tensor.ts";
import type { BatchNorm2d } from "./batch-norm.ts";
import { Conv2d } from "./conv2d.ts";

/**
 * A convolution that computes `norm(conv(x))` of a norm in evaluation mode: `W' = W · γ / √(σ² + ε)` for each output channel and
 * `b' = β + (b − μ) · γ / √(σ² + ε)`. Its tensors are new ones of the same format, without gradients; the layers given stay as they are.
 *
 * @param conv its output channels are those of `norm`
 * @throws {TorchError} for a norm without running statistics, or of other channels
 */
export function fuseConvBnEval(conv: Conv2d, norm: BatchNorm2d): Conv2d {
  const { running_mean: mean, running_var: variance } = norm;
  if (mean === null || variance === null) {
    throw new TorchError("Expected a norm with running statistics, got one without", "fuseConvBnEval");
  }
  const out = conv.weight.shape[0]!;
  if (mean.shape[0] !== out) {
    throw new TorchError(`Expected a norm of ${out} channels, got ${mean.shape[0]}`, "fuseConvBnEval");
  }
  const [weight, bias] = noGrad(() =>
    scope((): [Tensor, Tensor] => {
      const spread = variance.add(norm.eps).rsqrt();
      const scale = norm.weight ? spread.mul(norm.weight) : spread;
      const shift = (conv.bias ? conv.bias.sub(mean) : mean.neg()).mul(scale);
      return [keep(conv.weight.mul(scale.view([out, 1, 1, 1]))), keep(norm.bias ? shift.add(norm.bias) : shift)];
    }),
  );
  // The constructor would draw random weights, and move the generator of whoever draws after.
  const fused: Conv2d = Object.create(Conv2d.prototype);
  return Object.assign(fused, conv, { weight, bias, training: false });
}
