// VICReg, variance-invariance-covariance regularisation (arXiv:2105.04906): two views of an image should get the same embedding, of which
// every number varies over the batch and no two vary together. Nothing is set against anything, and no copy follows: the terms for
// variance and covariance are what keeps all from becoming the same. As the authors have it, each view goes through the network by itself.
import { cat, type nn, type Tensor } from "@unlabel/torch";
import { integer, number } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method } from "../method.ts";
import { augmentationProblems } from "../shared/augmentation.ts";
import { fewImages } from "../shared/few-images.ts";
import { deepHead } from "../shared/heads.ts";
import { twoViews, twoViewsSchema } from "../shared/two-views.ts";
import { type VicRegWeights, vicReg, vicRegChance } from "../shared/vicreg-loss.ts";
import { about } from "./about.ts";

const schema = {
  ...twoViewsSchema,
  /** Width of the expander's two hidden layers, and of what it gives. */
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  /** λ, μ and ν: weights of the squared distance of two views, of what deviations lack to 1, and of squared covariances. */
  invariance_weight: number(0, 10_000),
  variance_weight: number(0, 10_000),
  covariance_weight: number(0, 10_000),
};

type VicRegConfig = ConfigOf<typeof schema>;

/** An encoder, and an expander that is thrown away after pretraining: `dim → hidden → hidden → D`, BatchNorm and ReLU between. */
export class VicReg extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number | null;
  override readonly floor = 0;
  head: nn.Sequential;
  readonly #weights: VicRegWeights;

  constructor(config: VicRegConfig, encoder: Encoder) {
    super();
    const { projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    // A last bias would be the same for both views and move neither variance nor covariance.
    this.head = deepHead([encoder.dim, hidden, hidden, out], { bias: false });
    this.#weights = {
      invariance: config.invariance_weight,
      variance: config.variance_weight,
      covariance: config.covariance_weight,
    };
    this.chance = vicRegChance(this.#weights);
  }

  override embed(views: readonly Tensor[]): Tensor {
    return this.#projected(this.#encoded(views));
  }

  override contrast(embeddings: Tensor): LossOutput {
    return vicReg(embeddings, this.#weights);
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const encoded = this.#encoded(views);
    return { ...this.contrast(this.#projected(encoded)), features: cat(encoded, 0).detach() };
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

export const vicreg = defineMethod({
  about,
  schema,
  check: (config, given) => [...augmentationProblems(config, given), ...fewImages(config, about.title)],
  views: twoViews,
  create: ({ config, encoder }) => new VicReg(config, encoder),
});
