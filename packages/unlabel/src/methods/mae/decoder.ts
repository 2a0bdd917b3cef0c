// MAE's two decoders, from the latents of the visible patches to the pixels of the hidden ones. Both predict nothing for
// visible patches: the loss does not ask for them.
import { cat, empty, nn, scope, type Tensor, zeros } from "@unlabel/torch";
import { sinCosPositions } from "../../encoders/positions.ts";
import { throughBlocks } from "../../encoders/recompute.ts";
import { Block, initLinears, NORM_EPS, token } from "../../encoders/transformer.ts";
import type { Masking } from "../shared/masking.ts";

/** Latents `[B, 1 + K, dim]`, the class token first, to pixels of the hidden patches `[B, L − K, patch²·channels]`. */
export type MaeDecoder = nn.Module<[latent: Tensor, masking: Masking], Tensor>;

export interface MaeDecoderOptions {
  /** Width of the encoder's latents. */
  dim: number;
  /** Patches a side. */
  grid: number;
  /** Edge of a patch in pixels. */
  patch: number;
  /** Of an image. */
  channels: number;
  /** Width of the decoder's tokens (transformer) or hidden layer (MLP). */
  width: number;
}

/** Blocks of a decoder that works on tokens, and attention heads in each. */
export interface BlockOptions extends MaeDecoderOptions {
  depth: number;
  heads: number;
}

/** What decoders of blocks have in common: latents and a mask token made as wide as the blocks, positions, and a linear head. */
export abstract class BlockDecoder<B extends nn.Module<never, Tensor>> extends nn.Module<
  [latent: Tensor, masking: Masking],
  Tensor
> {
  embed: nn.Linear;
  mask_token: Tensor;
  pos_embed: Tensor;
  blocks: B[];
  norm: nn.LayerNorm;
  pred: nn.Linear;

  constructor(
    { dim, grid, patch, channels, width, depth, heads }: BlockOptions,
    block: new (width: number, heads: number) => B,
  ) {
    super();
    this.embed = new nn.Linear(dim, width);
    this.mask_token = token(empty([1, 1, width]));
    this.pos_embed = scope(() => nn.buffer(sinCosPositions(width, grid).unsqueeze(0)));
    this.blocks = Array.from({ length: depth }, () => new block(width, heads));
    this.norm = new nn.LayerNorm(width, { eps: NORM_EPS });
    this.pred = new nn.Linear(width, patch * patch * channels);
    initLinears(this);
  }
}

/**
 * The paper's decoder (arXiv:2111.06377): a small transformer over visible latents and mask tokens, all with fixed
 * positions. Tokens stay in the masking's order: attention does not mind, and their positions tell them apart.
 */
export class TransformerDecoder extends BlockDecoder<Block> {
  constructor(options: BlockOptions) {
    super(options, Block);
  }

  override forward(latent: Tensor, { keep, hidden }: Masking): Tensor {
    const [batch, count] = hidden.shape as [number, number];
    const first = zeros([batch, 1], { dtype: "int64", device: keep.device });
    const positions = this.pos_embed.select(0, 0).index([cat([first, keep.add(1), hidden.add(1)], 1)]);
    const asked = this.mask_token.expand([batch, count, this.mask_token.shape[2]!]);
    const x = throughBlocks(cat([this.embed.call(latent), asked], 1).add(positions), this.blocks);
    return this.pred.call(this.norm.call(x.narrow(1, latent.shape[1]!, count)));
  }
}

/**
 * The reproduced report's decoder: an MLP on each hidden patch by itself, then a linear head. It receives mask token +
 * position + mean visible latent; without the last it would see nothing of the image, and the encoder get no gradient.
 */
export class MlpDecoder extends nn.Module<[latent: Tensor, masking: Masking], Tensor> {
  mask_token: Tensor;
  pos_embed: Tensor;
  mlp: nn.Sequential;
  pred: nn.Linear;

  constructor({ dim, grid, patch, channels, width }: MaeDecoderOptions) {
    super();
    this.mask_token = token(empty([1, 1, dim]));
    this.pos_embed = scope(() => nn.buffer(sinCosPositions(dim, grid).unsqueeze(0)));
    this.mlp = new nn.Sequential(new nn.Linear(dim, width), new nn.ReLU(), new nn.Linear(width, dim));
    this.pred = new nn.Linear(dim, patch * patch * channels);
    initLinears(this);
  }

  override forward(latent: Tensor, { keep, hidden }: Masking): Tensor {
    const seen = latent.narrow(1, 1, keep.shape[1]!).mean(1, true);
    const asked = this.pos_embed
      .select(0, 0)
      .index([hidden.add(1)])
      .add(this.mask_token)
      .add(seen);
    return this.pred.call(this.mlp.call(asked));
  }
}
