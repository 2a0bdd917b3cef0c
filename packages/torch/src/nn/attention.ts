// Multi-head self-attention (arXiv:1706.03762) in timm's form: one projection to queries, keys and values.
import { TorchError } from "../errors.ts";
import { scaledDotProductAttention } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { whole } from "./sizes.ts";

/** Options of {@link MultiheadSelfAttention}. */
export interface AttentionOptions {
  /** Default true. */
  qkvBias?: boolean;
  /** Probability of dropping an attention weight in training; default 0. */
  dropout?: number;
}

/** `softmax(q·kᵀ / √(dim / heads))·v` for each head, joined and projected: tokens `[B, N, dim]` → `[B, N, dim]`. */
export class MultiheadSelfAttention extends Module {
  /** Queries, keys and values in one projection, dim → 3·dim. */
  qkv: Linear;
  /** The projection of the joined heads, dim → dim. */
  proj: Linear;
  /** Number of heads; it divides dim. */
  readonly heads: number;
  /** Probability of dropping an attention weight in training, 0 to 1. */
  readonly dropout: number;

  constructor(dim: number, heads: number, options: AttentionOptions = {}) {
    super();
    const { qkvBias = true, dropout = 0 } = options;
    whole(heads, "heads", "MultiheadSelfAttention");
    if (dim % heads !== 0) {
      throw new TorchError(`Expected a number of heads that divides ${dim}, got ${heads}`, "MultiheadSelfAttention");
    }
    this.heads = heads;
    this.dropout = dropout;
    this.qkv = new Linear(dim, 3 * dim, { bias: qkvBias });
    this.proj = new Linear(dim, dim);
  }

  override forward(x: Tensor): Tensor {
    const [batch, tokens, dim] = x.shape;
    if (dim === undefined) throw new TorchError(`Expected tokens [B, N, dim], got ${x}`, "MultiheadSelfAttention");
    const split = this.qkv.call(x).reshape([batch!, tokens!, 3, this.heads, dim / this.heads]);
    const [query, key, value] = split.permute([2, 0, 3, 1, 4]).unbind(0);
    const mixed = scaledDotProductAttention(query!, key!, value!, null, this.training ? this.dropout : 0);
    return this.proj.call(mixed.transpose(1, 2).reshape([batch!, tokens!, dim]));
  }
}
