// SimSiam, simple Siamese networks (arXiv:2011.10566): from one view the network predicts what it makes of another, without gradient for
// what is predicted. No image is set against others and no copy follows: that stop of the gradient, and a predictor that learns
// as fast at the end as at first, keep all from becoming the same. As the authors have it, each view goes through the network by itself.
import { cat, type nn, noGrad, type Tensor } from "@unlabel/torch";
import { flag, integer } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method, type ParameterGroup } from "../method.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "../shared/augmentation.ts";
import { cosineRegression } from "../shared/cosine-regression.ts";
import { fewImages } from "../shared/few-images.ts";
import { deepHead } from "../shared/heads.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";

const schema = {
  ...augmentationSchema,
  /** Width of the projector's two hidden layers, and of what it gives. */
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  /** Width of the predictor's hidden layer, a quarter of `projection_dim` in the paper. */
  predictor_hidden: integer(1, 65_536),
  /** Whether the predictor's learning rate stays at the highest, whatever the schedule. */
  predictor_lr_constant: flag(),
};

type SimSiamConfig = ConfigOf<typeof schema>;

/** Encoder, projector `dim → hidden → hidden → D` and predictor `D → predictor_hidden → D`. */
export class SimSiam extends Method {
  override readonly encoder: Encoder;
  /** Cosines of 0: random directions. */
  override readonly chance = 0;
  override readonly floor = -1;
  projector: nn.Sequential;
  predictor: nn.Sequential;
  readonly #constant: boolean;

  constructor(config: SimSiamConfig, encoder: Encoder) {
    super();
    const { projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    // In the authors' code the last BatchNorm has neither scale nor shift.
    this.projector = deepHead([encoder.dim, hidden, hidden, out], { norm: "plain" });
    this.predictor = deepHead([out, config.predictor_hidden, out]);
    this.#constant = config.predictor_lr_constant;
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const features = views.map((view) => this.encoder.features(view));
    const projections = features.map((x) => this.projector.call(x));
    const predictions = projections.map((x) => this.predictor.call(x));
    const [one, two] = [
      cosineRegression(predictions[0]!, projections[1]!),
      cosineRegression(predictions[1]!, projections[0]!),
    ];
    // From 2 − 2·cos of each way to the mean of both ways' −cos.
    const loss = one.add(two).mean().div(4).sub(1);
    const logs = noGrad(() => ({
      prediction_similarity: loss.detach().neg(),
      projection_std: sphereSpread(projections[0]!),
    }));
    return { loss, logs, features: cat(features, 0).detach() };
  }

  override groups(): ParameterGroup[] {
    return this.#constant ? [{ params: this.predictor.parameters(), constantLr: true }] : [];
  }
}

export const simsiam = defineMethod({
  about,
  schema,
  check: (config, given) => [...augmentationProblems(config, given), ...fewImages(config, about.title)],
  views: (config) => [augmentedView(config, { count: 1 }), augmentedView(config, { count: 1 })],
  create: ({ config, encoder }) => new SimSiam(config, encoder),
});
