// What bench `ideas` tries: one thing at a time over what preset auto has, on the images that it could matter for.
import type { Given, MethodGiven } from "./methods-plan.ts";

export const PLAIN = "preset auto";

/** One thing that could be otherwise. */
export interface Idea {
  name: string;
  /** Over the base's settings. */
  settings: Given;
  /** That a step costs what the base's does. It is not timed then, since the same thing timed twice gives two times. */
  asLong?: true;
}

/** Images, and what is tried on them. */
export interface IdeaSet {
  /** As bench `presets` has them. */
  name: string;
  /** Edges in pixels at which trainings are evaluated too, the plain one and those whose views have other sizes: no other training is needed. */
  sizes: readonly number[];
  ideas: readonly Idea[];
}

/**
 * What all ideas are put beside: preset auto of SimCLR with the encoder of the table of methods. Sizes are written out as they were when the first
 * row was measured, so that rows stay comparable where auto comes to choose another one.
 */
export const BASE: MethodGiven = { method: "simclr", encoder: "resnet18", stem: "7x7", size: 64, eval_size: 128 };

const ON_PHOTOGRAPHS: readonly Idea[] = [
  { name: PLAIN, settings: {} },
  { name: "DCL's denominator", settings: { decoupled: true }, asLong: true },
  { name: "views from 32 px, growing for half of the steps", settings: { size_start: 32, grow_until: 0.5 } },
  { name: "views from 32 px, growing for three quarters", settings: { size_start: 32, grow_until: 0.75 } },
  { name: "views of 48 px", settings: { size: 48 } },
  { name: "views from 32 to 96 px, growing for four fifths", settings: { size: 96, size_start: 32, grow_until: 0.8 } },
  { name: "4 local views", settings: { local_views: 4 } },
  { name: "momentum average of the weights", settings: { weights_average: 0.99 } },
  { name: "batches of 32", settings: { batch: 32 } },
  { name: "batches of 128", settings: { batch: 128 } },
  { name: "temperature 0.2", settings: { temperature: 0.2 }, asLong: true },
  { name: "twice the lr, a third of the warm-up", settings: { lr: 2e-3, warmup_epochs: 0.3 }, asLong: true },
  { name: "BatchNorm in the head", settings: { projection_batchnorm: true } },
  { name: "crops from 0.35", settings: { crop_min: 0.35 }, asLong: true },
  { name: "stronger colours", settings: { brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2 }, asLong: true },
];

/** Where there is no more to see than 32 px, larger views cost and show nothing. */
const ON_TINY: readonly Idea[] = [
  { name: PLAIN, settings: {} },
  { name: "views of 32 px", settings: { size: 32 } },
  { name: "views of 48 px", settings: { size: 48 } },
  { name: "views of 32 px, stem 3×3", settings: { size: 32, stem: "3x3", eval_size: 32 } },
  { name: "views of 32 px, crops from 0.35", settings: { size: 32, crop_min: 0.35 } },
];

const ON_DRAWINGS: readonly Idea[] = [
  { name: PLAIN, settings: {} },
  { name: "DCL's denominator", settings: { decoupled: true }, asLong: true },
  { name: "views from 32 px, growing for half of the steps", settings: { size_start: 32, grow_until: 0.5 } },
  { name: "views from 32 to 96 px, growing for four fifths", settings: { size: 96, size_start: 32, grow_until: 0.8 } },
  { name: "momentum average of the weights", settings: { weights_average: 0.99 } },
];

export const IDEA_SETS: readonly IdeaSet[] = [
  { name: "photographs", sizes: [96, 160, 224], ideas: ON_PHOTOGRAPHS },
  { name: "demo", sizes: [96, 160, 224], ideas: ON_DRAWINGS },
  { name: "tiny", sizes: [32, 64, 96], ideas: ON_TINY },
];
