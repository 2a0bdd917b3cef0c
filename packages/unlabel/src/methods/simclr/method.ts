// SimCLR (arXiv:2002.05709): two views of an image should lie closer together than views of different images.
// Deliberate differences: both views in one batch (so BatchNorm sees both), crops resized bilinearly as in torchvision.
import type { nn, Tensor } from "@unlabel/torch";
import { above, flag, integer } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method } from "../method.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "../shared/augmentation.ts";
import { mlpHead } from "../shared/heads.ts";
import { ntXent, ntXentChance, ntXentFloor } from "../shared/nt-xent.ts";
import { about } from "./about.ts";

const schema = {
  ...augmentationSchema,
  /** τ of NT-Xent. */
  temperature: above(0, 100),
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(1, 65_536),
  projection_batchnorm: flag(),
};

type SimclrConfig = ConfigOf<typeof schema>;

/** An encoder, and a projection head that is thrown away after pretraining: `dim → projection_hidden → ReLU → projection_dim`. */
export class SimClr extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  head: nn.Sequential;
  readonly #temperature: number;

  constructor(config: SimclrConfig, encoder: Encoder) {
    super();
    const { batch, temperature, projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    // In SimCLR's code a BatchNorm follows the last layer too.
    this.head = mlpHead(encoder.dim, hidden, out, config.projection_batchnorm ? "all" : "none");
    this.chance = ntXentChance(batch);
    this.floor = ntXentFloor(batch, temperature);
    this.#temperature = temperature;
  }

  override embed([images]: readonly Tensor[]): Tensor {
    return this.head.call(this.encoder.features(images!));
  }

  override contrast(embeddings: Tensor): LossOutput {
    return ntXent(embeddings, this.#temperature);
  }

  override loss([images]: readonly Tensor[]): LossOutput {
    const features = this.encoder.features(images!);
    return { ...this.contrast(this.head.call(features)), features: features.detach() };
  }
}

export const simclr = defineMethod({
  about,
  schema,
  check(config, given) {
    const few = config.batch < 2;
    return [
      ...augmentationProblems(config, given),
      ...(few
        ? ["Expected at least 2 for batch, since SimCLR contrasts an image with the others of its batch, got 1"]
        : []),
    ];
  },
  views: (config) => [augmentedView(config, { count: 2 })],
  create: ({ config, encoder }) => new SimClr(config, encoder),
});
