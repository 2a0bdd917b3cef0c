// What a run directory's files must hold for the report to read them: docs/architecture.md, "Contracts".
// Unknown keys pass, so that runs of a later version still read; what a run in progress has not written yet may be absent.
import { z } from "zod";
import { SCHEMA } from "../migrate.ts";

export const maybeNumber = z.number().nullish();
const maybeText = z.string().nullish();
export const classes = z.array(z.looseObject({ id: z.union([z.string(), z.number()]).nullish(), name: z.string() }));

export const runSchema = z.looseObject({
  schema: z.literal(SCHEMA),
  status: z.enum(["running", "done", "interrupted", "failed"]),
  method: z.string(),
  /** Absent in runs of earlier versions. */
  about: z.looseObject({ title: z.string(), paper: z.string(), loss: z.string() }).nullish(),
  config: z.record(z.string(), z.unknown()),
  /** What preset auto chose and why; absent with other presets. */
  chosen: z.array(z.string()).nullish(),
  seed: maybeNumber,
  created: maybeText,
  finished: maybeText,
  error: maybeText,
  versions: z.record(z.string(), z.string().nullable()).nullish(),
  device: maybeText,
  precision: maybeText,
  threads: maybeNumber,
  commit: maybeText,
  command: maybeText,
  data: z
    .looseObject({
      root: maybeText,
      layout: maybeText,
      fingerprint: maybeText,
      train: maybeNumber,
      val: maybeNumber,
      classes: classes.nullish(),
      understood: z.array(z.string()).nullish(),
      /** Images that training did not see, where there are neither labels nor val. */
      held_out: z.looseObject({ images: maybeNumber }).nullish(),
    })
    .nullish(),
  parameters: z.looseObject({ encoder: maybeNumber, total: maybeNumber }).nullish(),
  chance: maybeNumber,
  floor: maybeNumber,
  steps_per_epoch: maybeNumber,
  /** What its encoder began with; absent where that was random. */
  init: z.looseObject({ source: z.string(), encoder: z.string(), producer: maybeText, licence: maybeText }).nullish(),
  /** The encoder before the first step, where it began with weights. */
  start: z
    .object({
      votes: z.array(z.object({ images: z.int().min(1), top1: z.number() })),
      health: z.object({ images: z.int().min(1), values: z.record(z.string(), z.number()) }).nullable(),
    })
    .optional()
    .catch(undefined),
  /** Absent or null before training's first look at the features. */
  health: z.looseObject({ verdict: z.string(), since: maybeNumber, text: z.string() }).nullish(),
  result: z
    .looseObject({
      steps: maybeNumber,
      epochs: maybeNumber,
      seconds: maybeNumber,
      images_per_s: maybeNumber,
      step_s: maybeNumber,
      loss_first: maybeNumber,
      loss_last: maybeNumber,
      peak_mb: maybeNumber,
      skipped: maybeNumber,
    })
    .nullish(),
});

export const picturesSchema = z.looseObject({
  size: z.int().min(1),
  items: z.array(z.looseObject({ original: z.string(), masked: z.string(), reconstructed: z.string() })),
});

const tile = z.int().min(0).max(9999);

/** pictures/over-time.json: which of a run's pictures lie where in the sheets beside it. */
export const overTimeSchema = z.looseObject({
  moments: z
    .array(
      z.looseObject({
        step: z.int().min(0),
        total: z.int().min(1),
        file: z.string(),
        tile: z.int().min(1).max(1024),
        columns: z.int().min(1).max(64),
        among: z.int().min(0),
        seconds: z.number().min(0).optional(),
        images: z
          .array(
            z.looseObject({
              name: z.string(),
              tile,
              features: tile.nullable(),
              masked: tile.nullable(),
              reconstructed: tile.nullable(),
              near: z.array(z.looseObject({ tile, similarity: z.number(), right: z.boolean().nullable() })).max(64),
            }),
          )
          .max(64),
      }),
    )
    .max(64),
});

export const skippedSchema = z.looseObject({ path: z.string(), reason: z.string() });

/** A line of metrics.jsonl: a step, and numbers under any name (null where the value was not a number). */
export const metricSchema = z.object({ step: z.number() }).catchall(z.number().nullable());

export type RunFile = z.infer<typeof runSchema>;
export type OverTime = z.infer<typeof overTimeSchema>;
export type Pictures = z.infer<typeof picturesSchema>;
export type Skipped = z.infer<typeof skippedSchema>;
