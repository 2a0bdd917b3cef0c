// BYOL, bootstrap your own latent (arXiv:2006.07733): an online network predicts, from one view, what a momentum network makes of
// another. No image is set against others; BatchNorm in the heads and the slow copy keep all from becoming the same.
// As the authors have it, each view goes through the networks by itself, so that BatchNorm sees one kind of view at a time.
import { cat, type nn, noGrad, type Tensor } from "@unlabel/torch";
import { integer, number } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { createEncoder } from "../../encoders/index.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import { type LossOutput, Method, type Progress } from "../method.ts";
import { augmentationProblems } from "../shared/augmentation.ts";
import { cosineRegression } from "../shared/cosine-regression.ts";
import { fewImages } from "../shared/few-images.ts";
import { mlpHead } from "../shared/heads.ts";
import { localViews, localViewsProblems, localViewsSchema } from "../shared/local-views.ts";
import { follow, momentumCopy } from "../shared/momentum.ts";
import { cosineBetween } from "../shared/schedules.ts";
import { sphereSpread } from "../shared/spread.ts";
import { twoViews, twoViewsSchema } from "../shared/two-views.ts";
import { about } from "./about.ts";

const schema = {
  ...twoViewsSchema,
  /** Each local view predicts what the target network makes of the two whole ones. */
  ...localViewsSchema,
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(1, 65_536),
  /** Momentum of the target network at the first step, from where it goes by half a cosine to `momentum_end` at the last. */
  momentum_start: number(0, 1),
  momentum_end: number(0, 1),
};

type ByolConfig = ConfigOf<typeof schema>;

/** Whole views an image, which are specs of their own. */
const WHOLE = 2;

/** Online encoder, projector and predictor, `dim → hidden → D` and `D → hidden → D`; target encoder and projector follow them. */
export class Byol extends Method {
  override readonly encoder: Encoder;
  /** Cosines of 0: the distance of random directions, 2 each way. */
  override readonly chance = 4;
  override readonly floor = 0;
  projector: nn.Sequential;
  predictor: nn.Sequential;
  target_encoder: Encoder;
  target_projector: nn.Sequential;
  readonly #momentum: readonly [start: number, end: number];
  readonly #locals: number;

  constructor(config: ByolConfig, encoder: Encoder, target: Encoder) {
    super();
    const { projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    this.projector = mlpHead(encoder.dim, hidden, out, "hidden");
    this.predictor = mlpHead(out, hidden, out, "hidden");
    this.target_encoder = momentumCopy(target, encoder);
    this.target_projector = momentumCopy(mlpHead(encoder.dim, hidden, out, "hidden"), this.projector);
    this.#momentum = [config.momentum_start, config.momentum_end];
    this.#locals = config.local_views;
  }

  override loss(views: readonly Tensor[]): LossOutput {
    const features = views.map((view) => this.encoder.features(view));
    const projections = features.map((x) => this.projector.call(x));
    const predictions = projections.map((x) => this.predictor.call(x));
    const targets = noGrad(() =>
      views.slice(0, WHOLE).map((view) => this.target_projector.call(this.target_encoder.features(view))),
    );
    const [one, two] = [cosineRegression(predictions[0]!, targets[1]!), cosineRegression(predictions[1]!, targets[0]!)];
    const locals = (predictions[WHOLE]?.chunk(this.#locals, 0) ?? []).flatMap((local) =>
      targets.map((target) => cosineRegression(local, target)),
    );
    const both = one.add(two).mean();
    // The mean over all pairs, twice, as of the two whole views alone.
    const pairs = WHOLE + locals.length;
    const loss = locals.reduce((sum, pair) => sum.add(pair.mean()), both).mul(WHOLE / pairs);
    const logs = noGrad(() => ({
      prediction_similarity: both.detach().mul(-0.25).add(1),
      projection_std: sphereSpread(projections[0]!),
    }));
    return { loss, logs, features: cat(features.slice(0, WHOLE), 0).detach() };
  }

  /** Moves the target network towards the online one. */
  override afterStep(progress: Progress): void {
    const momentum = cosineBetween(...this.#momentum, progress);
    follow(this.target_encoder, this.encoder, momentum);
    follow(this.target_projector, this.projector, momentum);
  }
}

export const byol = defineMethod({
  about,
  schema,
  check(config, given) {
    const { momentum_start: start, momentum_end: end } = config;
    return [
      ...augmentationProblems(config, given),
      ...localViewsProblems(config, given),
      ...fewImages(config, about.title),
      ...(start > end ? [`Expected at least momentum_start ${start} for momentum_end, got ${end}`] : []),
    ];
  },
  views: (config) => [...twoViews(config), ...localViews(config, { blur: config.blur_p_second })],
  // A target that leaves out branches would put that noise into what is predicted.
  create: ({ config, encoder }) => new Byol(config, encoder, createEncoder({ ...config, drop_path: 0 })),
});
