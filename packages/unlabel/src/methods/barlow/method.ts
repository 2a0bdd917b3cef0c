// Barlow Twins (arXiv:2103.03230): over the images of a batch, each number of an embedding should be the same in both views, and none
// should be had from another. Constant embeddings have no correlation with anything, so nothing else has to keep them from becoming so.
// As the authors have it, each view goes through the network by itself.
import { cat, type nn, type Tensor } from "@unlabel/torch";
import { above, integer, number } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method, type ParameterGroup } from "../method.ts";
import { augmentationProblems } from "../shared/augmentation.ts";
import { barlowChance, barlowFloor, barlowTwins } from "../shared/barlow-loss.ts";
import { fewImages } from "../shared/few-images.ts";
import { deepHead } from "../shared/heads.ts";
import { twoViews, twoViewsSchema } from "../shared/two-views.ts";
import { about } from "./about.ts";

const schema = {
  ...twoViewsSchema,
  /** Width of the projector's two hidden layers, and of what it gives. */
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  /** λ, the weight of correlations between different numbers. */
  redundancy_weight: number(0, 1),
  /** Learning rate of biases and norm scales, as a share of the others'. */
  norm_bias_lr: above(0, 1),
};

type BarlowConfig = ConfigOf<typeof schema>;

/** An encoder, and a projector that is thrown away after pretraining: `dim → hidden → hidden → D`, BatchNorm and ReLU between. */
export class BarlowTwins extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  head: nn.Sequential;
  readonly #redundancy: number;
  readonly #normBiasLr: number;

  constructor(config: BarlowConfig, encoder: Encoder) {
    super();
    const { batch: images, projection_hidden: hidden, projection_dim: dim, redundancy_weight: redundancy } = config;
    this.encoder = encoder;
    // A last bias would be taken off where embeddings are standardised.
    this.head = deepHead([encoder.dim, hidden, hidden, dim], { bias: false });
    this.#redundancy = redundancy;
    this.#normBiasLr = config.norm_bias_lr;
    this.chance = barlowChance({ images, dim, redundancy });
    this.floor = barlowFloor({ images, dim, redundancy });
  }

  override embed(views: readonly Tensor[]): Tensor {
    return this.#projected(this.#encoded(views));
  }

  override contrast(embeddings: Tensor): LossOutput {
    return barlowTwins(embeddings, this.#redundancy);
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const encoded = this.#encoded(views);
    return { ...this.contrast(this.#projected(encoded)), features: cat(encoded, 0).detach() };
  }

  /** LARS does not adapt the rate of biases and norm scales, for which the others' is too high. */
  override groups(): ParameterGroup[] {
    if (this.#normBiasLr === 1) return [];
    return [{ params: this.parameters().filter(({ ndim }) => ndim <= 1), lrFactor: this.#normBiasLr }];
  }

  #encoded(views: readonly Tensor[]): Tensor[] {
    return views.map((view) => this.encoder.features(view));
  }

  #projected(features: readonly Tensor[]): Tensor {
    return cat(
      features.map((x) => this.head.call(x)),
      0,
    );
  }
}

export const barlow = defineMethod({
  about,
  schema,
  check: (config, given) => [...augmentationProblems(config, given), ...fewImages(config, about.title)],
  views: twoViews,
  create: ({ config, encoder }) => new BarlowTwins(config, encoder),
});
