// What LeJEPA and VISReg have in common: an encoder and a projector see any number of views of an image, whole ones and small ones, and one loss
// looks at all of their embeddings. No copy follows, no gradient is stopped, nothing predicts.
import type { nn, Tensor } from "@unlabel/torch";
import type { z } from "zod";
import type { Draws } from "../../base/draws.ts";
import { integer, number } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ViewSpec } from "../../data/views.ts";
import type { Encoder } from "../../encoders/encoder.ts";
import type { ConfigOf } from "../define.ts";
import { type LossOutput, Method, type StepProgress } from "../method.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "./augmentation.ts";
import { fewImages } from "./few-images.ts";
import { deepHead } from "./heads.ts";
import { joined, localViews, localViewsProblems, localViewsSchema } from "./local-views.ts";
import { sliceDirections } from "./slices.ts";

/** Keys of views, projector and directions. */
export const manyViewsSchema = {
  ...augmentationSchema,
  /** Views of `size` an image. */
  global_views: integer(1, 16),
  ...localViewsSchema,
  /** Probability that a view is solarised. */
  solarize_p: number(0, 1),
  /** Width of the projector's two hidden layers, and of what it gives. */
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(2, 65_536),
  /** Random directions a step, along which embeddings are looked at. */
  slices: integer(1, 65_536),
} satisfies z.ZodRawShape;

/** A config that has the keys of {@link manyViewsSchema}. */
export type ManyViewsConfig = ConfigOf<typeof manyViewsSchema>;

/** The whole views, and the small ones where there are any. */
export function manyViews(config: ManyViewsConfig): ViewSpec[] {
  const own = { solarize: config.solarize_p } as const;
  return [
    augmentedView(config, { ...own, count: config.global_views }),
    ...localViews(config).map((view) => ({ ...view, ...own })),
  ];
}

/** A line for each contradiction. @param title of the method */
export function manyViewsProblems(config: ManyViewsConfig, given: Settings, title: string): string[] {
  const { global_views: globals, local_views: locals } = config;
  return [
    ...augmentationProblems(config, given),
    ...localViewsProblems(config, given),
    ...fewImages(config, title),
    ...(globals + locals < 2
      ? [`Expected two views or more for ${title}, got global_views ${globals} and local_views ${locals}`]
      : []),
  ];
}

/** Encoder and projector `dim → hidden → hidden → D`, BatchNorm and ReLU between; the projector is thrown away after pretraining. */
export abstract class ManyViews extends Method {
  override readonly encoder: Encoder;
  override readonly floor = 0;
  head: nn.Sequential;
  /** How often an image is seen. */
  readonly counts: { globals: number; locals: number };
  readonly #slices: number;
  readonly #dim: number;

  constructor(config: ManyViewsConfig, encoder: Encoder) {
    super();
    const { projection_hidden: hidden, projection_dim: out } = config;
    this.encoder = encoder;
    this.head = deepHead([encoder.dim, hidden, hidden, out]);
    this.counts = { globals: config.global_views, locals: config.local_views };
    this.#slices = config.slices;
    this.#dim = out;
  }

  /** The loss of all embeddings. @param directions `[D, K]`, those of the step */
  protected abstract lossOf(embeddings: Tensor, directions: Tensor): LossOutput;

  override embed(views: readonly Tensor[]): Tensor {
    return this.#projected(this.#encoded(views));
  }

  override contrast(embeddings: Tensor, { draws }: { draws: Draws }): LossOutput {
    return this.lossOf(embeddings, sliceDirections(draws, this.#dim, this.#slices));
  }

  override loss(views: readonly Tensor[], progress: StepProgress): LossOutput {
    const encoded = this.#encoded(views);
    // The online probe learns from views like those that an evaluation shows: of local ones it would learn less.
    return { ...this.contrast(this.#projected(encoded), progress), features: encoded[0]!.detach() };
  }

  /** Features of each kind of view. A pass each: sizes differ, and the encoder's BatchNorm sees one at a time. */
  #encoded(views: readonly Tensor[]): Tensor[] {
    return views.map((view) => this.encoder.features(view));
  }

  /** All through the projector at once: what is compared has been normalised by the same numbers. */
  #projected(features: readonly Tensor[]): Tensor {
    return this.head.call(joined(features));
  }
}
