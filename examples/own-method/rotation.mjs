// A method of one's own in one file: an image is turned by 0, 90, 180 or 270 degrees, and the encoder learns to tell by how much
// (RotNet, arXiv:1803.07728). Use it as any other method:
//   unlabel pretrain photos/ --plugin rotation.mjs --method rotation --out runs/rotation
import { cat, fromTypedArray, nn } from "@unlabel/torch";
import {
  defineMethod,
  ENCODERS,
  encoderDim,
  encoderMacs,
  fields,
  HALF,
  Method,
  plainView,
  trainingOperations,
} from "unlabel";

const TURNS = 4;

/** What help, reports and forecasts say of it. */
const about = {
  name: "rotation",
  title: "RotNet",
  paper: "arXiv:1803.07728",
  summary: "an image is turned, and by how much is to be told",
  loss: "cross-entropy over four turns",
  encoders: ENCODERS,
  coupling: "image",
  // What it draws at random beside its views; from `progress.draws` alone, so that runs repeat to the bit.
  draws: "turns",
  defaults: { label_smoothing: 0, stem: "7x7" },
  presets: {
    small: {
      ...HALF,
      encoder: "resnet18",
      size: 64,
      eval_size: 128,
      epochs: 20,
      batch: 64,
      optimizer: "adamw",
      lr: 1e-3,
      weight_decay: 1e-4,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
    },
  },
  flops: (config) => trainingOperations(encoderMacs(config) + TURNS * encoderDim(config)),
  health: { learnt: 0.02, cures: "a smaller crop_min" },
  curves: [["train/accuracy", "Turns told right"]],
};

class Rotation extends Method {
  chance = Math.log(TURNS);
  floor = null;

  constructor(config, encoder) {
    super();
    this.encoder = encoder;
    this.head = new nn.Linear(encoder.dim, TURNS);
    this.smoothing = config.label_smoothing;
  }

  /** @param views `[[B, 3, S, S]]` */
  loss([images], { draws }) {
    const turns = Int32Array.from(draws.uniform("turn", 1).toNumbers(), (u) => Math.floor(TURNS * u));
    const turned = cat(
      Array.from(turns, (turn, i) => images.narrow(0, i, 1).rot90(turn, [2, 3])),
      0,
    );
    const features = this.encoder.features(turned);
    const logits = this.head.call(features).to({ dtype: "float32" });
    const target = fromTypedArray(turns).to({ dtype: "int64", device: logits.device });
    const loss = logits.crossEntropyLoss(target, null, 1, -100, this.smoothing);
    const accuracy = logits.detach().argmax(1).eq(target).to({ dtype: "float32" }).mean();
    return { loss, logs: { accuracy }, features: features.detach() };
  }
}

export default defineMethod({
  about,
  // Its own settings, beside those that every method has; `--set label_smoothing=0.1`.
  schema: { label_smoothing: fields.number(0, 0.9), stem: fields.oneOf("auto", "7x7", "3x3") },
  views: ({ size, crop_min: cropMin, mean, std }) => [
    { ...plainView({ size, cropMin, filter: "bilinear", mean, std }), flip: 0 },
  ],
  create: ({ config, encoder }) => new Rotation(config, encoder),
});
