// The transformer block of ViT (arXiv:2010.11929), norms before the branches, with timm's names.
import { nn, ones, type Tensor } from "@unlabel/torch";
import { dropPath } from "./drop-path.ts";
import { NORM_EPS } from "./variants.ts";

export { NORM_EPS };

/** Residual branches of a {@link Block}, each left out by itself. */
export const BRANCHES = 2;

/** How a {@link Block} differs from the usual. */
export interface BlockOptions {
  /** Added to the variance in its norms; default 1e-6. */
  normEps?: number | undefined;
  /** What the scale of each branch begins with; null (default): no such scale. */
  layerScale?: number | null | undefined;
  /** Width of the MLP, in widths of a token; default 4. */
  mlpRatio?: number | undefined;
  /** Whether queries, keys and values have a bias; default true. */
  qkvBias?: boolean | undefined;
}

/** `x + ls1(attn(norm1(x)))`, then `x + ls2(mlp(norm2(x)))`: tokens `[B, N, dim]` → the same shape. */
export class Block extends nn.Module<[x: Tensor, paths?: Tensor | null], Tensor> {
  /** Before attention. */
  norm1: nn.LayerNorm;
  /** Attention among the tokens. */
  attn: nn.MultiheadSelfAttention;
  /** Scale of the attention's branch, where there is one. */
  ls1: LayerScale | null;
  /** Before the MLP. */
  norm2: nn.LayerNorm;
  /** On each token by itself, four times as wide inside unless told otherwise. */
  mlp: Mlp;
  /** Scale of the MLP's branch, where there is one. */
  ls2: LayerScale | null;

  constructor(dim: number, heads: number, options: BlockOptions = {}) {
    super();
    const { normEps: eps = NORM_EPS, layerScale = null, mlpRatio = 4, qkvBias = true } = options;
    this.norm1 = new nn.LayerNorm(dim, { eps });
    this.attn = new nn.MultiheadSelfAttention(dim, heads, { qkvBias });
    this.ls1 = layerScale === null ? null : new LayerScale(dim, layerScale);
    this.norm2 = new nn.LayerNorm(dim, { eps });
    this.mlp = new Mlp(dim, Math.round(mlpRatio * dim));
    this.ls2 = layerScale === null ? null : new LayerScale(dim, layerScale);
  }

  /** @param paths `[B, 2]`, what the branches are multiplied by (drop-path.ts) */
  override forward(x: Tensor, paths?: Tensor | null): Tensor {
    const attended = this.attn.call(this.norm1.call(x));
    const mixed = x.add(dropPath(this.ls1?.call(attended) ?? attended, paths, 0));
    const changed = this.mlp.call(this.norm2.call(mixed));
    return mixed.add(dropPath(this.ls2?.call(changed) ?? changed, paths, 1));
  }
}

/** A learnt scale of each channel (arXiv:2103.17239): `gamma · x`. */
export class LayerScale extends nn.Module {
  /** `[dim]`. */
  gamma: Tensor;

  /** @param init what it begins with */
  constructor(dim: number, init: number) {
    super();
    this.gamma = layerScale(dim, init);
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.gamma);
  }
}

/** A learnt scale `[dim]` that begins as `init`. */
export function layerScale(dim: number, init: number): Tensor {
  return nn.parameter(nn.init.constant(ones([dim]), init));
}

/** `fc2(gelu(fc1(x)))`. */
export class Mlp extends nn.Module {
  /** dim → hidden. */
  fc1: nn.Linear;
  /** hidden → dim. */
  fc2: nn.Linear;

  constructor(dim: number, hidden: number) {
    super();
    this.fc1 = new nn.Linear(dim, hidden);
    this.fc2 = new nn.Linear(hidden, dim);
  }

  override forward(x: Tensor): Tensor {
    return this.fc2.call(this.fc1.call(x).gelu());
  }
}

/** Weights of linear layers from Xavier's uniform distribution, biases at zero: as ViT's original code and MAE's. */
export function initLinears(module: nn.Module<never, unknown>): void {
  for (const part of module.modules()) {
    if (!(part instanceof nn.Linear)) continue;
    nn.init.xavierUniform(part.weight);
    if (part.bias) nn.init.zeros(part.bias);
  }
}

/** A learnt token `[1, 1, dim]`, or several, normal with deviation 0.02. */
export function token(empty: Tensor): Tensor {
  return nn.parameter(nn.init.normal(empty, 0, 0.02));
}
