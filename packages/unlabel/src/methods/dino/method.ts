// DINO, self-distillation with no labels (arXiv:2104.14294): a student's answers to all views of an image, small local ones too, should be
// those of a teacher to the whole views. The teacher follows the student slowly; its answers are centred, so that no answer wins everywhere,
// and sharpened, so that not all are equally likely. As the authors have it, views of one size go through the encoder together, the last
// layer's rows have length 1 and stay as they were drawn in the first epoch, and the weight decay grows by half a cosine.
// Deliberate differences: features are mean and maximum of a ViT's patch tokens (encoders/vit.ts), not its class token; gradients are clipped
// by the norm of all together, not by each parameter's; the centre begins as the first step's mean (shared/centre.ts).
import { noGrad, type Tensor } from "@unlabel/torch";
import type { Encoder } from "../../encoders/encoder.ts";
import { createEncoder } from "../../encoders/index.ts";
import { defineMethod } from "../define.ts";
import type { LossOutput, StepProgress } from "../method.ts";
import { dino as dinoLoss } from "../shared/dino-loss.ts";
import {
  type DistillationConfig,
  distillationProblems,
  distillationSchema,
  distillationViews,
  WHOLE,
} from "../shared/distillation.ts";
import { bySize, joined } from "../shared/local-views.ts";
import { prototypeChance, prototypeFloor } from "../shared/prototype-bounds.ts";
import { SelfDistillation } from "../shared/self-distillation.ts";
import { sphereSpread } from "../shared/spread.ts";
import { about } from "./about.ts";

/** Student and teacher, and the loss between their answers. */
export class Dino extends SelfDistillation {
  override readonly chance: number;
  override readonly floor: number;

  constructor(config: DistillationConfig, encoder: Encoder, target: Encoder) {
    super(config, encoder, target);
    const { outputs, student_temp: temperature } = config;
    this.chance = prototypeChance(outputs);
    // Rows of other lengths can be as sure as they like.
    this.floor = config.normalise_last ? prototypeFloor(outputs, temperature) : 0;
  }

  override loss(views: readonly Tensor[], progress: StepProgress): LossOutput {
    const { images } = progress.draws;
    const encoded = bySize(views, (x) => this.encoder.features(x));
    const narrow = this.head.narrow(joined(encoded));
    const student = this.head.last_layer.call(narrow, this.frozen(progress));
    const teacher = noGrad(() => this.target_head.call(this.target_encoder.features(joined(views.slice(0, WHOLE)))));
    const mean = noGrad(() => teacher.to({ dtype: "float32" }).mean([0]));
    const centre = this.centre.call(mean, progress, images);
    const { loss, logs } = dinoLoss(student, teacher, images, { ...this.temperatures(progress), centre });
    return {
      loss,
      logs: { ...logs, projection_std: noGrad(() => sphereSpread(narrow.narrow(0, 0, images))) },
      // The online probe learns from views like those that an evaluation shows: of local ones it would learn less.
      features: encoded[0]!.detach().narrow(0, 0, WHOLE * images),
    };
  }
}

export const dino = defineMethod({
  about,
  schema: distillationSchema,
  check: distillationProblems,
  views: distillationViews,
  // A teacher that leaves out branches would put that noise into what is to be learnt.
  create: ({ config, encoder }) => new Dino(config, encoder, createEncoder({ ...config, drop_path: 0 })),
});
