// I-JEPA's predictor (arXiv:2301.08243, section 3): a narrow transformer that is shown the context's latents and, for one target block at a time,
// a token with the position of each of its patches; it predicts what the target encoder makes of them.
import { cat, empty, nn, scope, type Tensor } from "@unlabel/torch";
import { resamplePositions, sinCosPositions } from "../../encoders/positions.ts";
import { throughBlocks } from "../../encoders/recompute.ts";
import { Block, initLinears, NORM_EPS, token } from "../../encoders/transformer.ts";

/** Shape of a {@link Predictor}. */
export interface PredictorOptions {
  /** Width of the encoder's tokens. */
  dim: number;
  /** Patches a side of the images that positions are made for. */
  grid: number;
  /** Width, blocks and attention heads of the predictor. */
  width: number;
  depth: number;
  heads: number;
}

/** Where the patches lie: int64 numbers row by row. */
export interface Asked {
  /** `[B, K]`, of the context. */
  context: Tensor;
  /** `[B, M·T]`, of M target blocks of T patches, one block after the other. */
  targets: Tensor;
  /** M. */
  blocks: number;
  /** Patches a side of the images at hand. */
  grid: number;
}

/** Latents of the context `[B, K, dim]` → predicted latents `[B, M·T, dim]`. */
export class Predictor extends nn.Module<[latent: Tensor, asked: Asked], Tensor> {
  embed: nn.Linear;
  mask_token: Tensor;
  pos_embed: Tensor;
  blocks: Block[];
  norm: nn.LayerNorm;
  proj: nn.Linear;
  readonly #grid: number;

  constructor({ dim, grid, width, depth, heads }: PredictorOptions) {
    super();
    this.#grid = grid;
    this.embed = new nn.Linear(dim, width);
    this.mask_token = token(empty([1, 1, width]));
    this.pos_embed = scope(() => nn.buffer(sinCosPositions(width, grid, 0).unsqueeze(0)));
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads));
    this.norm = new nn.LayerNorm(width, { eps: NORM_EPS });
    this.proj = new nn.Linear(width, dim);
    initLinears(this);
  }

  override forward(latent: Tensor, { context, targets, blocks, grid }: Asked): Tensor {
    const [images, all] = targets.shape as [number, number];
    const each = all / blocks;
    const positions = this.#positions(grid);
    const width = positions.shape[1]!;
    const seen = this.embed.call(latent).add(positions.index([context]));
    const wanted = positions
      .index([targets])
      .add(this.mask_token)
      .reshape([images * blocks, each, width]);
    const shown = seen
      .unsqueeze(1)
      .expand([images, blocks, seen.shape[1]!, width])
      .reshape([images * blocks, -1, width]);
    const x = throughBlocks(cat([shown, wanted.to({ dtype: shown.dtype })], 1), this.blocks);
    const predicted = this.proj.call(this.norm.call(x.narrow(1, shown.shape[1]!, each)));
    return predicted.reshape([images, all, -1]);
  }

  /** Of images of whatever size, `[grid², width]`. */
  #positions(grid: number): Tensor {
    const own = this.pos_embed.select(0, 0);
    if (grid === this.#grid) return own;
    return resamplePositions(own, [this.#grid, this.#grid], [grid, grid], { prefix: 0 });
  }
}
