// VISReg (arXiv:2606.02572): LeJEPA's question with another answer to collapse. Embeddings of a batch are to be normal numbers, which is asked for
// in three parts: deviations of 1, projections on random directions that lie where a Gaussian's do, and a mean of 0. Where all has become the
// same, the first still has a gradient.
import type { Tensor } from "@unlabel/torch";
import { number, oneOf } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import type { LossOutput } from "../method.ts";
import { ManyViews, manyViews, manyViewsProblems, manyViewsSchema } from "../shared/many-views.ts";
import { type VisRegWeights, visReg, visRegChance } from "../shared/visreg-loss.ts";
import { about } from "./about.ts";

const schema = {
  ...manyViewsSchema,
  /** λ: weight of all that regulates embeddings; 1 − λ is that of the views' distance. */
  regulation_weight: number(0, 1),
  /** Weights of scale, shape and centre within it. */
  scale_weight: number(0, 10_000),
  shape_weight: number(0, 10_000),
  centre_weight: number(0, 10_000),
  /** How deviations stand in the shape: `stopped`, as constants (the paper's), or `through`, with their gradient, which small batches need. */
  deviations: oneOf("stopped", "through"),
};

type VisRegConfig = ConfigOf<typeof schema>;

/** An encoder, a projector, and VISReg's loss. */
export class VisReg extends ManyViews {
  override readonly chance: number | null;
  readonly #weights: VisRegWeights;

  constructor(config: VisRegConfig, encoder: Encoder) {
    super(config, encoder);
    const { regulation_weight: regulation, scale_weight: scale, shape_weight: shape, centre_weight: centre } = config;
    this.#weights = { regulation, scale, shape, centre, deviations: config.deviations };
    // With another weight of the scale, another deviation would be the best.
    this.chance = scale === 1 ? visRegChance(regulation, this.counts) : null;
  }

  protected override lossOf(embeddings: Tensor, directions: Tensor): LossOutput {
    return visReg(embeddings, this.counts, directions, this.#weights);
  }
}

export const visreg = defineMethod({
  about,
  schema,
  check: (config, given) => manyViewsProblems(config, given, about.title),
  views: manyViews,
  create: ({ config, encoder }) => new VisReg(config, encoder),
});
