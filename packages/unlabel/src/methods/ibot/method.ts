// iBOT, image BERT with an online tokenizer (arXiv:2111.07832): DINO, and beside it the same between patches: of a whole view whose patches are
// hidden in blocks, the student answers for the hidden ones as the teacher, which sees all, does. As the authors have it, one head answers for
// images and patches, whole views alone are masked, local ones take part as in DINO, and images and patches are centred apart.
// Deliberate differences: those of DINO but for the features, which are the class token here; an image's two views are masked in turn, not each
// by its own coin, so that every step hides as much; the mean of all patches' outputs is computed from that of what goes into the last, linear
// layer, which is the same.
import { empty, nn, noGrad, type Tensor } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import { number } from "../../config/fields.ts";
import { createEncoder, VisionTransformer } from "../../encoders/index.ts";
import { type ConfigOf, defineMethod } from "../define.ts";
import type { LossOutput, StepProgress } from "../method.ts";
import { type BlockMask, blockMask } from "../shared/block-masking.ts";
import { Centre } from "../shared/centre.ts";
import { dino as dinoLoss, dinoPatches } from "../shared/dino-loss.ts";
import { distillationProblems, distillationSchema, distillationViews, WHOLE } from "../shared/distillation.ts";
import { bySize, joined } from "../shared/local-views.ts";
import { prototypeChance, prototypeFloor } from "../shared/prototype-bounds.ts";
import { SelfDistillation } from "../shared/self-distillation.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";

const schema = {
  ...distillationSchema,
  /** Share of the whole views that hide patches; one half: one of each image's two. */
  masked_views: number(0, 1),
  /** The least and the largest share of its patches that such a view hides. */
  mask_min: number(0, 1),
  mask_max: number(0, 1),
  /** Weight of the patches' loss beside the images'. */
  patch_weight: number(0, 1000),
};

type IbotConfig = ConfigOf<typeof schema>;

/** Student and teacher, a token for hidden patches, and a centre of the teacher's outputs for patches beside that for images. */
export class Ibot extends SelfDistillation<VisionTransformer> {
  override readonly chance: number;
  override readonly floor: number;
  patch_centre: Centre;
  mask_token: Tensor;
  readonly #own: IbotConfig;

  constructor(config: IbotConfig, encoder: VisionTransformer, target: VisionTransformer) {
    super(config, encoder, target);
    const { outputs, student_temp: temperature, masked_views: masked, patch_weight: weight } = config;
    this.patch_centre = new Centre(outputs, config.center_momentum);
    this.mask_token = nn.parameter(nn.init.zeros(empty([1, 1, encoder.width])));
    this.#own = config;
    // A view that hides nothing adds nothing to the patches' loss.
    const terms = 1 + weight * masked;
    this.chance = terms * prototypeChance(outputs);
    this.floor = config.normalise_last ? terms * prototypeFloor(outputs, temperature) : 0;
  }

  override loss(views: readonly Tensor[], progress: StepProgress): LossOutput {
    const { images } = progress.draws;
    const { masked_views: masked, mask_min: least, mask_max: most, patch_weight: weight } = this.#own;
    const whole = joined(views.slice(0, WHOLE));
    const { patch } = this.encoder;
    const grid = [whole.shape[2]! / patch, whole.shape[3]! / patch] as const;
    const hidden = blockMask(progress.draws, {
      ...{ grid, views: WHOLE, masked, ratio: [least, most], device: whole.device },
    });
    const seen = this.encoder.tokens(whole, { mask: hidden.mask, maskToken: this.mask_token });
    const global = this.encoder.pooled(seen);
    const encoded = [global, ...bySize(views.slice(WHOLE), (x) => this.encoder.features(x))];
    const narrow = this.head.narrow(joined(encoded));
    const frozen = this.frozen(progress);
    const student = this.head.last_layer.call(narrow, frozen);
    const target = noGrad(() => this.target_encoder.tokens(whole));
    const teacher = noGrad(() => this.target_head.call(this.target_encoder.pooled(target)));
    const mean = noGrad(() => teacher.to({ dtype: "float32" }).mean([0]));
    const centre = this.centre.call(mean, progress, images);
    const temps = this.temperatures(progress);
    const classes = dinoLoss(student, teacher, images, { ...temps, centre });
    const patches = this.#patches(seen.tokens, target.tokens, hidden, progress, frozen);
    return {
      loss: patches ? classes.loss.add(patches.mul(weight)) : classes.loss,
      logs: {
        ...classes.logs,
        patch_loss: patches ? patches.detach() : classes.loss.detach().zerosLike(),
        projection_std: noGrad(() => sphereSpread(narrow.narrow(0, 0, images))),
      },
      features: global.detach(),
    };
  }

  override afterStep(progress: { step: number; total: number; epoch: number }): void {
    super.afterStep(progress);
    this.patch_centre.move();
  }

  /** Cross-entropy of hidden patches, of each view on average, over all whole views; null where nothing is hidden. */
  #patches(
    seen: Tensor,
    target: Tensor,
    { index, weights, hidden }: BlockMask,
    progress: StepProgress,
    frozen: boolean,
  ): Tensor | null {
    const [rows, , width] = seen.shape as [number, number, number];
    const all = noGrad(() => this.target_head.narrow(target.reshape([-1, width])));
    const answer = (narrow: Tensor) => noGrad(() => this.target_head.last_layer.call(narrow));
    const mean = noGrad(() => answer(all.mean([0], true)).select(0, 0));
    const centre = this.patch_centre.call(mean, progress, progress.draws.images);
    if (hidden === 0) return null;
    const asked = seen.reshape([-1, width]).indexSelect(0, index);
    const student = this.head.last_layer.call(this.head.narrow(asked), frozen);
    const teacher = noGrad(() => answer(all.indexSelect(0, index)));
    return dinoPatches(student, teacher, weights, rows, { ...this.temperatures(progress), centre });
  }
}

export const ibot = defineMethod({
  about,
  schema,
  check(config, given) {
    const problems = distillationProblems(config, given);
    const { mask_min: least, mask_max: most } = config;
    if (least > most) problems.push(`Expected at least mask_min ${least} for mask_max, got ${most}`);
    return problems;
  },
  views: distillationViews,
  create({ config, encoder }) {
    const target = createEncoder({ ...config, drop_path: 0 });
    if (!(encoder instanceof VisionTransformer) || !(target instanceof VisionTransformer)) {
      throw new TypeError(`Expected a ViT for iBOT, got ${config.encoder}`);
    }
    if (encoder.dim !== encoder.width) {
      throw new UserError(
        `Expected a ViT with pooling class or mean for iBOT, whose one head answers for images and patches, got ${encoder.pooling}`,
      );
    }
    return new Ibot(config, encoder, target);
  },
});
