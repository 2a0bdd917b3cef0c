// LeJEPA (arXiv:2511.08544): views of an image should have the same embedding, and embeddings of a batch should be normal numbers, independent
// and of variance 1, which random directions test (SIGReg). No copy follows slowly and no gradient is stopped.
import type { Tensor } from "@unlabel/torch";
import { number } from "../../config/fields.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import type { LossOutput } from "../method.ts";
import { ManyViews, manyViews, manyViewsProblems, manyViewsSchema } from "../shared/many-views.ts";
import { leJepa, leJepaChance } from "../shared/sigreg.ts";
import { about } from "./about.ts";

const schema = {
  ...manyViewsSchema,
  /** λ: weight of SIGReg; 1 − λ is that of the views' distance. */
  sigreg_weight: number(0, 1),
};

type LeJepaConfig = ConfigOf<typeof schema>;

/** An encoder, a projector, and LeJEPA's loss. */
export class LeJepa extends ManyViews {
  override readonly chance: number | null;
  readonly #weight: number;

  constructor(config: LeJepaConfig, encoder: Encoder) {
    super(config, encoder);
    this.#weight = config.sigreg_weight;
    this.chance = leJepaChance(config.sigreg_weight, config.batch, this.counts);
  }

  protected override lossOf(embeddings: Tensor, directions: Tensor): LossOutput {
    return leJepa(embeddings, this.counts, directions, this.#weight);
  }
}

export const lejepa = defineMethod({
  about,
  schema,
  check: (config, given) => manyViewsProblems(config, given, about.title),
  views: manyViews,
  create: ({ config, encoder }) => new LeJepa(config, encoder),
});
