// SimCLR (arXiv:2002.05709): two views of an image should lie closer together than views of different images.
// Deliberate differences: both views in one batch (so BatchNorm sees both), crops resized bilinearly as in torchvision.
import { cat, type nn, type Tensor } from "@unlabel/torch";
import type { Encoder } from "../../encoders/encoder.ts";
import { defineMethod } from "../define.ts";
import { type LossOutput, Method } from "../method.ts";
import { mlpHead } from "../shared/heads.ts";
import { type NtXentOptions, ntXent, ntXentChance, ntXentFloor } from "../shared/nt-xent.ts";
import { about } from "./about.ts";
import { problemsOf, type SimclrConfig, schema, viewsOf } from "./settings.ts";

/** An encoder, and a projection head that is thrown away after pretraining: `dim → projection_hidden → ReLU → projection_dim`. */
export class SimClr extends Method {
  override readonly encoder: Encoder;
  override readonly chance: number;
  override readonly floor: number;
  head: nn.Sequential;
  readonly #temperature: number;
  readonly #form: NtXentOptions;

  constructor(config: SimclrConfig, encoder: Encoder) {
    super();
    const { batch, temperature, projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    // In SimCLR's code a BatchNorm follows the last layer too.
    this.head = mlpHead(encoder.dim, hidden, out, config.projection_batchnorm ? "all" : "none");
    this.#temperature = temperature;
    const { decoupled, local_views: localViews, positive_sigma: positiveSigma } = config;
    this.#form = { decoupled, localViews, positiveSigma };
    this.chance = ntXentChance(batch, this.#form);
    this.floor = ntXentFloor(batch, temperature, this.#form);
  }

  override embed(views: readonly Tensor[]): Tensor {
    return this.#projected(this.#encoded(views));
  }

  override contrast(embeddings: Tensor): LossOutput {
    return ntXent(embeddings, this.#temperature, this.#form);
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const encoded = this.#encoded(views);
    // The online probe learns from views like those that an evaluation shows: of local ones it would learn less.
    return { ...this.contrast(this.#projected(encoded)), features: encoded[0]!.detach() };
  }

  /** Features of each kind of view. A pass each: sizes differ, and the encoder's BatchNorm sees one at a time. */
  #encoded(views: readonly Tensor[]): Tensor[] {
    return views.map((view) => this.encoder.features(view));
  }

  /** All through the head at once, as in multi-crop's code: what is compared has been normalised by the same numbers. */
  #projected(features: readonly Tensor[]): Tensor {
    return this.head.call(features.length === 1 ? features[0]! : cat(features, 0));
  }
}

export const simclr = defineMethod({
  about,
  schema,
  check: problemsOf,
  views: viewsOf,
  create: ({ config, encoder }) => new SimClr(config, encoder),
});
