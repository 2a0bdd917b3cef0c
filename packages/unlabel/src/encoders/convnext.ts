// ConvNeXt (arXiv:2201.03545) without its classifier, with timm's structure and names (`stem`, `stages`, `head.norm`): they say what a
// layer is, where torchvision's and the paper's count places in lists (`features.3.0.block.5`, `downsample_layers.1.0`).
// Deliberate difference: none in what is computed; maps lie channels-last in memory, as the loader's images do.
import { nn, scope, type Tensor, TorchError } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { drawPaths, dropPath, dropRates } from "./drop-path.ts";
import { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
import type { ConvNeXtAbout } from "./facts.ts";
import { refuseChoice, tokensOfMap } from "./folded.ts";
import { throughBlocks } from "./recompute.ts";
import { layerScale, Mlp, NORM_EPS } from "./transformer.ts";

/** Options of a {@link ConvNeXt}. */
export interface ConvNeXtOptions {
  /** Of an image; default 3. */
  channels?: number | undefined;
  /** How often the last block's branch is left out in training (drop-path.ts); default 0. */
  dropPath?: number | undefined;
  /** What the scale of each block's branch begins with; null: no such scale. Default 1e-6. */
  layerScale?: number | null | undefined;
  /** Added to the variance in the last norm; default 1e-6, as in all others. */
  normEps?: number | undefined;
}

/** `[B, channels, H, W]` → the norm of the mean over positions of the last feature map, `[B, last width]`. */
export class ConvNeXt extends Encoder {
  override readonly dim: number;
  /** Channels of an image. */
  readonly channels: number;
  readonly #rates: readonly number[];
  /** Patches of 4 × 4 pixels to the first width, and a norm. */
  stem: nn.Sequential;
  /** Blocks of one width each, at a quarter of the image's resolution, an eighth, and so on. */
  stages: ConvNeXtStage[];
  /** What makes features of the last map. */
  head: ConvNeXtHead;

  /** @throws {UserError} where `dropPath` is not in [0, 1) */
  constructor({ counts, widths }: Pick<ConvNeXtAbout, "counts" | "widths">, options: ConvNeXtOptions = {}) {
    super();
    const { channels = 3, dropPath = 0, layerScale = 1e-6, normEps = NORM_EPS } = options;
    this.#rates = dropRates(
      dropPath,
      counts.reduce((sum, count) => sum + count),
    );
    this.channels = channels;
    this.dim = widths.at(-1)!;
    const first = widths[0]!;
    this.stem = new nn.Sequential(new nn.Conv2d(channels, first, 4, { stride: 4 }), new ChannelNorm(first));
    this.stages = widths.map((width, i) => {
      const blocks = Array.from({ length: counts[i]! }, () => new ConvNeXtBlock(width, layerScale));
      return new ConvNeXtStage(i === 0 ? null : widths[i - 1]!, width, blocks);
    });
    this.head = new ConvNeXtHead(this.dim, normEps);
    for (const module of this.modules()) {
      if (!(module instanceof nn.Conv2d || module instanceof nn.Linear)) continue;
      nn.init.truncNormal(module.weight, 0, 0.02);
      nn.init.zeros(module.bias!);
    }
  }

  override forward(images: Tensor): Tensor {
    return this.head.call(this.#map(images));
  }

  /** The last feature map, place by place and without the norm after it; a convolution sees neighbours, so no place can be left out. */
  override tokens(images: Tensor, options: TokenOptions = {}): Tokens {
    refuseChoice(options, "a ConvNeXt");
    return scope(() => tokensOfMap(this.#map(images)));
  }

  override both(images: Tensor): Tokens & { features: Tensor } {
    return scope(() => {
      const map = this.#map(images);
      return { features: this.head.call(map), ...tokensOfMap(map) };
    });
  }

  #map(images: Tensor): Tensor {
    const [, channels, height = 0, width = 0] = images.shape;
    if (images.ndim !== 4 || channels !== this.channels) {
      const found = `[${images.shape.join(", ")}]`;
      throw new TorchError(`Expected images [B, ${this.channels}, H, W], got ${found}`, "ConvNeXt");
    }
    const least = 4 * 2 ** (this.stages.length - 1);
    if (Math.min(height, width) < least) {
      throw new UserError(`Expected images of at least ${least} px for a ConvNeXt, got ${height} × ${width}`);
    }
    let x = this.stem.call(images);
    const paths = this.training ? drawPaths(this.#rates, 1, x) : [];
    let done = 0;
    for (const { downsample, blocks } of this.stages) {
      if (downsample) x = downsample.call(x);
      x = throughBlocks(x, blocks, paths.slice(done, done + blocks.length));
      done += blocks.length;
    }
    return x;
  }
}

/** Blocks of one width, behind a norm and a convolution that halves the map; the first stage has neither. */
export class ConvNeXtStage extends nn.Module {
  /** A norm and a convolution of 2 × 2, stride 2. */
  downsample: nn.Sequential | null;
  /** First to last. */
  blocks: ConvNeXtBlock[];

  /** @param into width of the stage before, null for none */
  constructor(into: number | null, width: number, blocks: ConvNeXtBlock[]) {
    super();
    this.downsample =
      into === null ? null : new nn.Sequential(new ChannelNorm(into), new nn.Conv2d(into, width, 2, { stride: 2 }));
    this.blocks = blocks;
  }

  override forward(x: Tensor): Tensor {
    return throughBlocks(this.downsample?.call(x) ?? x, this.blocks);
  }
}

/** `x + gamma · mlp(norm(conv_dw(x)))`: a map `[B, width, h, w]` → the same shape. */
export class ConvNeXtBlock extends nn.Module<[x: Tensor, paths?: Tensor | null], Tensor> {
  /** 7 × 7, each channel by itself. */
  conv_dw: nn.Conv2d;
  /** Over the channels of each place. */
  norm: nn.LayerNorm;
  /** On each place by itself, four times as wide inside. */
  mlp: Mlp;
  /** Scale of the branch, `[width]`, where there is one. */
  gamma: Tensor | null;

  constructor(width: number, init: number | null) {
    super();
    this.conv_dw = new nn.Conv2d(width, width, 7, { padding: 3, groups: width });
    this.norm = new nn.LayerNorm(width, { eps: NORM_EPS });
    this.mlp = new Mlp(width, 4 * width);
    this.gamma = init === null ? null : layerScale(width, init);
  }

  /** @param paths `[B, 1]`, what the branch is multiplied by (drop-path.ts) */
  override forward(x: Tensor, paths?: Tensor | null): Tensor {
    const places = this.conv_dw.call(x).permute([0, 2, 3, 1]);
    const changed = this.mlp.call(this.norm.call(places));
    const branch = this.gamma ? changed.mul(this.gamma) : changed;
    return x.add(dropPath(branch.permute([0, 3, 1, 2]), paths));
  }
}

/** The mean over a map's places, and its norm: `[B, width, h, w]` → `[B, width]`. */
export class ConvNeXtHead extends nn.Module {
  /** Over the channels. */
  norm: nn.LayerNorm;

  constructor(width: number, eps: number) {
    super();
    this.norm = new nn.LayerNorm(width, { eps });
  }

  override forward(map: Tensor): Tensor {
    return this.norm.call(map.mean([2, 3]));
  }
}

/** LayerNorm over the channels of each place of a map `[B, C, h, w]`, which stays channels-last in memory. */
class ChannelNorm extends nn.LayerNorm {
  constructor(width: number) {
    super(width, { eps: NORM_EPS });
  }

  override forward(map: Tensor): Tensor {
    return super.forward(map.permute([0, 2, 3, 1])).permute([0, 3, 1, 2]);
  }
}
