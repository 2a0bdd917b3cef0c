// DINO's head (arXiv:2104.14294, appendix C): an MLP to a narrow layer of length 1, and from there cosines with many learnt directions.
import { nn, ones, type Tensor } from "@unlabel/torch";
import { unit } from "./info-nce.ts";

/** A linear layer without bias whose rows have a length of their own (arXiv:1602.07868): `y = x·(g·v/‖v‖)ᵀ`, with PyTorch's old names. */
export class NormalisedLinear extends nn.Module<[x: Tensor, frozen?: boolean], Tensor> {
  /** Lengths of the rows, `[out, 1]`: ones, and trained only where that was asked for. */
  weight_g: Tensor;
  /** Directions of the rows, `[out, into]`. */
  weight_v: Tensor;

  /** @param lengths whether the rows' lengths are trained; default false: they stay 1 */
  constructor(into: number, out: number, { lengths = false }: { lengths?: boolean } = {}) {
    super();
    this.weight_g = lengths ? nn.parameter(ones([out, 1])) : nn.buffer(ones([out, 1]));
    this.weight_v = new nn.Linear(into, out, { bias: false }).weight;
  }

  /** @param frozen whether the layer gets no gradient; default false */
  override forward(x: Tensor, frozen = false): Tensor {
    const [g, v] = frozen ? [this.weight_g.detach(), this.weight_v.detach()] : [this.weight_g, this.weight_v];
    return x.matmul(g.mul(unit(v)).t());
  }
}

/** Widths of a {@link DinoHead}. */
export interface DinoHeadOptions {
  /** Of the MLP's two hidden layers. */
  hidden: number;
  /** Of the narrow layer before the last one. */
  bottleneck: number;
  /** K, of the output. */
  out: number;
  /** Whether the lengths of the last layer's rows are trained; default false. */
  lengths?: boolean;
}

/** `[N, into]` → hidden → hidden → bottleneck, GELU between, to length 1 → `[N, K]`. */
export class DinoHead extends nn.Module<[x: Tensor, frozen?: boolean], Tensor> {
  /** To the narrow layer. */
  mlp: nn.Sequential;
  /** From the narrow layer at length 1 to the K outputs. */
  last_layer: NormalisedLinear;

  /** Weights of the MLP from a normal distribution of deviation 0.02, biases zero, as in the authors' code. */
  constructor(into: number, { hidden, bottleneck, out, lengths = false }: DinoHeadOptions) {
    super();
    const layer = (from: number, to: number) => {
      const linear = new nn.Linear(from, to);
      nn.init.truncNormal(linear.weight, 0, 0.02);
      nn.init.zeros(linear.bias!);
      return linear;
    };
    const [first, second, third] = [layer(into, hidden), layer(hidden, hidden), layer(hidden, bottleneck)];
    this.mlp = new nn.Sequential(first, new nn.GELU(), second, new nn.GELU(), third);
    this.last_layer = new NormalisedLinear(bottleneck, out, { lengths });
  }

  /** What the last layer is given: `[N, bottleneck]` of length 1, float32. */
  narrow(x: Tensor): Tensor {
    return unit(this.mlp.call(x).to({ dtype: "float32" }));
  }

  /** @param frozen whether the last layer gets no gradient; default false */
  override forward(x: Tensor, frozen = false): Tensor {
    return this.last_layer.call(this.narrow(x), frozen);
  }
}
