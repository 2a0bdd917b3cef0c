// CrossMAE's decoder (arXiv:2401.14391): hidden patches ask the visible ones and not each other, so that any share of them
// can be predicted by itself. Deliberate difference: all blocks read the encoder's last latents, not a learnt mix of its layers.
import { nn, scaledDotProductAttention, type Tensor } from "@unlabel/torch";
import { Mlp, NORM_EPS } from "../../encoders/transformer.ts";
import type { Masking } from "../shared/masking.ts";
import { BlockDecoder, type BlockOptions } from "./decoder.ts";

/** Mask tokens with their positions through blocks of cross-attention to the visible latents and an MLP. */
export class CrossDecoder extends BlockDecoder<CrossBlock> {
  constructor(options: BlockOptions) {
    super(options, CrossBlock);
  }

  /** Pixels of the patches that `masking.hidden` `[B, A]` names, `[B, A, patch²·channels]`; latents carry their own positions. */
  override forward(latent: Tensor, { hidden }: Masking): Tensor {
    const seen = this.embed.call(latent);
    let x = this.pos_embed
      .select(0, 0)
      .index([hidden.add(1)])
      .add(this.mask_token);
    for (const block of this.blocks) x = block.call(x, seen);
    return this.pred.call(this.norm.call(x));
  }
}

/** `x + cross(norm1(x), seen)`, then `x + mlp(norm2(x))`: tokens `[B, A, width]` and latents `[B, 1 + K, width]`. */
class CrossBlock extends nn.Module<[x: Tensor, seen: Tensor], Tensor> {
  norm1: nn.LayerNorm;
  cross: CrossAttention;
  norm2: nn.LayerNorm;
  mlp: Mlp;

  constructor(width: number, heads: number) {
    super();
    this.norm1 = new nn.LayerNorm(width, { eps: NORM_EPS });
    this.cross = new CrossAttention(width, heads);
    this.norm2 = new nn.LayerNorm(width, { eps: NORM_EPS });
    this.mlp = new Mlp(width, 4 * width);
  }

  override forward(x: Tensor, seen: Tensor): Tensor {
    const mixed = x.add(this.cross.call(this.norm1.call(x), seen));
    return mixed.add(this.mlp.call(this.norm2.call(mixed)));
  }
}

/** `softmax(q·kᵀ / √(width / heads))·v` for each head: queries from `x` `[B, A, width]`, keys and values from `seen` `[B, K, width]`. */
class CrossAttention extends nn.Module<[x: Tensor, seen: Tensor], Tensor> {
  q: nn.Linear;
  kv: nn.Linear;
  proj: nn.Linear;
  readonly #heads: number;

  constructor(width: number, heads: number) {
    super();
    this.#heads = heads;
    this.q = new nn.Linear(width, width);
    this.kv = new nn.Linear(width, 2 * width);
    this.proj = new nn.Linear(width, width);
  }

  override forward(x: Tensor, seen: Tensor): Tensor {
    const [batch, asked, width] = x.shape as [number, number, number];
    const heads = [this.#heads, width / this.#heads];
    const query = this.q.call(x).reshape([batch, asked, ...heads]);
    const both = this.kv.call(seen).reshape([batch, seen.shape[1]!, 2, ...heads]);
    const [key, value] = both.permute([2, 0, 3, 1, 4]).unbind(0);
    const mixed = scaledDotProductAttention(query.transpose(1, 2), key!, value!);
    return this.proj.call(mixed.transpose(1, 2).reshape([batch, asked, width]));
  }
}
