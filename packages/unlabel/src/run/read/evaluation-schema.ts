// What eval/*.json must hold for the report to read them: as run/evaluations.ts has them. Unknown keys pass; what an older version
// did not write (intervals, balanced accuracy, the majority class) may be absent.
import { z } from "zod";
import { decodePredictions } from "../predictions.ts";
import { classes, maybeNumber } from "./schema.ts";

const share = z.number().min(0).max(1);
const interval = z.tuple([z.number(), z.number()]);
const intervals = z.looseObject({ top1: interval, f1: interval.nullish(), balanced: interval.nullish() }).nullish();
const perClass = z.array(
  z.looseObject({
    name: z.string(),
    f1: share,
    precision: share.nullish(),
    recall: share.nullish(),
    support: z.int().min(0),
  }),
);

const score = z.looseObject({
  top1: share,
  top5: share.nullish(),
  f1: share,
  balanced: share.nullish(),
  per_class: perClass.nullish(),
  interval: intervals,
});
const lead = z.looseObject({ top1: z.number(), interval }).nullish();

const header = {
  split: z.string(),
  seed: maybeNumber,
  split_seed: maybeNumber,
  /** The training step that the encoder was saved after. */
  step: maybeNumber,
  /** Decay of the average of its weights that was evaluated. */
  weights_average: maybeNumber,
  /** Of the data evaluated on, where that may differ from the data trained on. */
  fingerprint: z.string().nullish(),
  data: z.string().nullish(),
  train_images: z.int().min(0),
  val_images: z.int().min(1),
  classes,
  seconds: maybeNumber,
  settings: z.record(z.string(), z.unknown()).nullish(),
  /** What a reader of the numbers should know. */
  notes: z.array(z.string()).nullish(),
};

const predictions = z.looseObject({
  images: z.string(),
  files: z.array(z.int().min(1)).nullish(),
  labels: z.string(),
  trained: z.string(),
  untrained: z.string().nullish(),
  pixels: z.string().nullish(),
});

const square = ({ confusion, classes: { length } }: { confusion?: number[][] | null; classes: unknown[] }) =>
  !confusion || (confusion.length === length && confusion.every((row) => row.length === length));

/** Protocols that end in one score: a classifier's. */
export const SCORED = ["linear", "knn", "fine-tune", "supervised"] as const;
export type ScoredProtocol = (typeof SCORED)[number];

export const evaluationSchema = z
  .looseObject({
    protocol: z.enum(SCORED),
    ...header,
    ...score.shape,
    confusion: z.array(z.array(z.int().min(0))).nullish(),
    untrained: score.nullish(),
    pixels: score.nullish(),
    majority: score.nullish(),
    scratch: score.nullish(),
    lead: z.looseObject({ untrained: lead, pixels: lead }).nullish(),
    /** Of each test image; what an older version wrote has none. */
    predictions: predictions.nullish(),
  })
  .refine(square, { path: ["confusion"], error: "Expected one row and one column a class" })
  .transform((file, context) => {
    const { predictions: found, classes, val_images, ...rest } = file;
    const predicted = found ? decodePredictions(found, classes.length, val_images) : null;
    if (found && predicted === null) {
      context.addIssue({ code: "custom", path: ["predictions"], message: "Expected a class of each test image" });
    }
    return {
      ...rest,
      classes,
      val_images,
      predicted: found && predicted ? { images: found.images, ...predicted } : null,
    };
  });

const fewShotScore = z.looseObject({
  top1: share,
  f1: share,
  balanced: share.nullish(),
  std: z.looseObject({ top1: z.number() }).nullish(),
  interval: intervals,
});

export const fewShotSchema = z.looseObject({
  protocol: z.literal("few-shot"),
  ...header,
  points: z.array(
    z.looseObject({
      share: z.number().gt(0).max(1),
      images: z.int().min(1),
      draws: z.int().nullish(),
      trained: fewShotScore,
      untrained: fewShotScore.nullish(),
      pixels: fewShotScore.nullish(),
    }),
  ),
});

const recall = z.record(z.string(), share);

export const retrievalSchema = z.looseObject({
  protocol: z.literal("retrieval"),
  ...header,
  recall,
  interval: z.record(z.string(), interval).nullish(),
  untrained: recall.nullish(),
  pixels: recall.nullish(),
  chance: recall.nullish(),
});

const tile = z.int().min(0);
const index = z.int().min(0);

export const drawnSchema = z
  .looseObject({
    protocol: z.literal("pictures"),
    ...header,
    tile: z.int().min(1),
    sprite: z.string().regex(/^[\w.-]+$/, "Expected the name of a file beside this one"),
    columns: z.int().min(1),
    tiles: z.int().min(0),
    predicted_by: z.string().nullish(),
    map: z.looseObject({
      points: z.array(
        z.looseObject({ tile, x: z.number(), y: z.number(), label: index.nullish(), predicted: index.nullish() }),
      ),
      how: z.string().nullish(),
      neighbours: maybeNumber,
      min_dist: maybeNumber,
      seed: maybeNumber,
    }),
    neighbours: z.array(
      z.looseObject({
        tile,
        label: index.nullish(),
        /** Of the image asked for, where there are no labels. */
        name: z.string().nullish(),
        found: z.array(
          z.looseObject({ tile, label: index.nullish(), similarity: z.number(), right: z.boolean().nullish() }),
        ),
      }),
    ),
    clusters: z.array(z.looseObject({ size: z.int().min(1), tiles: z.array(tile) })).nullish(),
    confused: z.array(
      z.looseObject({
        truth: index,
        taken: index,
        images: z.int().nullish(),
        share,
        tiles: z.array(tile),
      }),
    ),
  })
  .refine(
    (file) => {
      // Either all have a label, or there are no classes and none has.
      const own = (tiles: number[], labels: (number | null | undefined)[]) =>
        tiles.every((one) => one < file.tiles) &&
        labels.every((one) => (one == null ? file.classes.length === 0 : one < file.classes.length));
      return (
        file.map.points.every((one) => own([one.tile], [one.label, one.predicted])) &&
        file.confused.every((one) => own(one.tiles, [one.truth, one.taken])) &&
        (file.clusters ?? []).every((one) => own(one.tiles, [])) &&
        file.neighbours.every((one) => own([one.tile], [one.label]) && one.found.every((f) => own([f.tile], [f.label])))
      );
    },
    { error: "Expected every tile and class to be one of those there are" },
  );

const indicator = z.looseObject({ value: maybeNumber, interval: interval.nullish(), refused: z.string().nullish() });
const indicators = z.record(z.string(), indicator);

export const indicatorsSchema = z.looseObject({
  protocol: z.literal("indicators"),
  ...header,
  trained: indicators,
  untrained: indicators.nullish(),
  pixels: indicators.nullish(),
  chance: z.record(z.string(), z.number()).nullish(),
  /** Neighbours that the trained encoder has in common with others. */
  agreement: z
    .looseObject({
      k: z.int().min(0),
      untrained: indicator.nullish(),
      pixels: indicator.nullish(),
      chance: maybeNumber,
    })
    .nullish(),
  settings: z
    .looseObject({
      viewed: maybeNumber,
      seed: maybeNumber,
      budget: z.looseObject({ images: z.int().min(1), viewed: z.int().min(1), cut: z.boolean() }).nullish(),
    })
    .nullish(),
  /** Which images they are of. */
  neighbours: z.looseObject({ images: z.string() }).nullish(),
});

export type IndicatorsFile = z.infer<typeof indicatorsSchema>;
export type Evaluation = z.infer<typeof evaluationSchema>;
export type Score = z.infer<typeof score>;
export type FewShot = z.infer<typeof fewShotSchema>;
export type Retrieval = z.infer<typeof retrievalSchema>;
export type Drawn = z.infer<typeof drawnSchema>;
