// Student and teacher of self-distillation (DINO, arXiv:2104.14294; iBOT, arXiv:2111.07832): what both methods hold and move alike.
import type { Tensor } from "@unlabel/torch";
import type { Encoder } from "../../encoders/encoder.ts";
import { Method, type ParameterGroup, type Progress } from "../method.ts";
import { Centre } from "./centre.ts";
import { DinoHead } from "./dino-head.ts";
import { type DistillationConfig, headOptions, teacherTemp } from "./distillation.ts";
import { follow, momentumCopy } from "./momentum.ts";
import { cosineBetween, isBeginning } from "./schedules.ts";

/** An encoder and a head, a teacher's that follow them, and the centre of the teacher's outputs. */
export abstract class SelfDistillation<E extends Encoder = Encoder> extends Method {
  override readonly encoder: E;
  head: DinoHead;
  target_encoder: E;
  target_head: DinoHead;
  centre: Centre;
  protected readonly config: DistillationConfig;
  #trained: readonly Tensor[] | null = null;

  /** @param target of the encoder's structure; its values do not matter */
  constructor(config: DistillationConfig, encoder: E, target: E) {
    super();
    this.encoder = encoder;
    this.head = new DinoHead(encoder.dim, headOptions(config));
    this.target_encoder = momentumCopy(target, encoder);
    this.target_head = momentumCopy(new DinoHead(encoder.dim, headOptions(config)), this.head);
    this.centre = new Centre(config.outputs, config.center_momentum);
    this.config = config;
  }

  /** All that is trained, with a weight decay that goes from `weight_decay` to `weight_decay_end`. */
  override groups(progress: Progress): ParameterGroup[] {
    this.#trained ??= this.parameters();
    const { weight_decay: from, weight_decay_end: to } = this.config;
    return [{ params: this.#trained, weightDecay: cosineBetween(from, to ?? from, progress) }];
  }

  /** Moves the teacher towards the student, and the centre towards the teacher's mean answer. */
  override afterStep(progress: Progress): void {
    const momentum = cosineBetween(this.config.momentum_start, this.config.momentum_end, progress);
    follow(this.target_encoder, this.encoder, momentum);
    follow(this.target_head, this.head, momentum);
    this.centre.move();
  }

  /** Both temperatures of a step. */
  protected temperatures(progress: Progress): { studentTemp: number; teacherTemp: number } {
    return { studentTemp: this.config.student_temp, teacherTemp: teacherTemp(this.config, progress) };
  }

  /** Whether the student's last layer stays as it was drawn. */
  protected frozen(progress: Progress): boolean {
    return isBeginning(this.config.freeze_epochs, progress);
  }
}
