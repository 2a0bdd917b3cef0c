// The transformer block of ViT (arXiv:2010.11929), norms before the branches, with timm's names.
import { nn, type Tensor } from "@unlabel/torch";
import { dropPath } from "./drop-path.ts";

/** ViT's LayerNorm, in timm and in MAE's code alike. */
export const NORM_EPS = 1e-6;

/** Residual branches of a {@link Block}, each left out by itself. */
export const BRANCHES = 2;

/** `x + attn(norm1(x))`, then `x + mlp(norm2(x))`: tokens `[B, N, dim]` → the same shape. */
export class Block extends nn.Module<[x: Tensor, paths?: Tensor | null], Tensor> {
  /** Before attention. */
  norm1: nn.LayerNorm;
  /** Attention among the tokens. */
  attn: nn.MultiheadSelfAttention;
  /** Before the MLP. */
  norm2: nn.LayerNorm;
  /** On each token by itself, four times as wide inside. */
  mlp: Mlp;

  constructor(dim: number, heads: number) {
    super();
    this.norm1 = new nn.LayerNorm(dim, { eps: NORM_EPS });
    this.attn = new nn.MultiheadSelfAttention(dim, heads);
    this.norm2 = new nn.LayerNorm(dim, { eps: NORM_EPS });
    this.mlp = new Mlp(dim, 4 * dim);
  }

  /** @param paths `[B, 2]`, what the branches are multiplied by (drop-path.ts) */
  override forward(x: Tensor, paths?: Tensor | null): Tensor {
    const mixed = x.add(dropPath(this.attn.call(this.norm1.call(x)), paths, 0));
    return mixed.add(dropPath(this.mlp.call(this.norm2.call(mixed)), paths, 1));
  }
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

/** A learnt token `[1, 1, dim]`, normal with deviation 0.02. */
export function token(empty: Tensor): Tensor {
  return nn.parameter(nn.init.normal(empty, 0, 0.02));
}
