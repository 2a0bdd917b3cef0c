// What help, reports and forecasts need of a method. Imports neither zod nor LibTorch.
import type { CommonConfig, Config, SettledChannels } from "../config/common.ts";

/** Settings of a preset: any of the common ones, and the method's own. */
export type Preset = Partial<Omit<CommonConfig, "method" | "preset" | "mean" | "std">> &
  Partial<Pick<SettledChannels, "mean" | "std">> & { readonly [key: string]: unknown };

/** What preset `auto` knows of the images and the machine before it chooses. */
export interface Facts {
  /** Images to train on, from 1. */
  images: number;
  /** Short side in pixels of the image in the middle, as the network is given them. */
  side: number;
  /** Channels as the network sees them, from 1. */
  channels: number;
  /** The kind of device that trains. */
  device: "cpu" | "gpu";
}

/** Settings that preset `auto` chose together, and why: "size 64: …". */
export interface Choice {
  /** What was chosen. */
  settings: Preset;
  /** Why, in a few words that follow the settings' names and values. */
  why: string;
  /** What people should know before they wait for it. */
  warning?: string;
}

/** A flag of `pretrain` for one of the method's own keys. */
export interface Flag {
  /** `--mask-ratio` sets the key `mask_ratio`. */
  flag: string;
  /** Its value's name in help. */
  value: string;
  /** What help says of it. */
  help: string;
}

/** Whether a loss looks at each image by itself, or across the images of a batch. */
export type Coupling = "image" | "batch";

/** What help, reports and forecasts need to know of a method. */
export interface About {
  /** `[a-z0-9]+`; what `--method` takes. */
  name: string;
  /** As the field spells it: SimCLR. */
  title: string;
  /** Where it was published: `arXiv:2002.05709`. */
  paper: string;
  /** What it does, in a few words that follow its title: "two views of an image should lie closer than …". */
  summary: string;
  /** What the curve of the loss shows. */
  loss: string | ((config: Readonly<Record<string, unknown>>) => string);
  /** The encoders that it can train. */
  encoders: readonly [string, ...string[]];
  /** What holds in each preset that does not say otherwise, beside the common defaults. */
  defaults: Preset;
  /** Where settings start from; each names what makes it whole. `small` is there in every method. */
  presets: Readonly<Record<string, Preset>>;
  /**
   * What preset `auto` sets beside what is chosen for every method (fit.ts), over the values of `small`; absent where that suffices.
   *
   * @param given what the user has set, to which the rest should fit
   */
  fit?(facts: Facts, given: Readonly<Record<string, unknown>>): Choice[];
  /** `batch`: the loss looks across the images of a batch, and cannot be had in parts unless by `embed` and `contrast`; a function where settings decide. */
  coupling: Coupling | ((config: Config) => Coupling);
  /** Whether it learns from another encoder, which is frozen: the setting `teacher` says where that lies. Absent: it does not. */
  teacher?: true;
  /** What the method draws at random beside its views, such as "masks"; absent where nothing. */
  draws?: string;
  /** Whether all images of a step have the same of what it draws, such as directions along which a loss looks; default false. */
  sharedDraws?: boolean;
  /** Floating-point operations of training on one image with all its views: {@link trainingOperations}, {@link forwardOperations}. */
  flops(config: Config): number;
  /** What a watch on its training needs to know. */
  health: {
    /** Share of the way from chance to floor that the loss must have gone for anything to be learnt; of a config where that varies. */
    learnt: number | ((config: Config) => number);
    /** What to try where features lose themselves. */
    cures: string;
    /** What to try, beside another lr, where the loss stays at chance; absent where there is nothing. */
    unlearnt?: string;
  };
  /** Flags of `pretrain` for its own keys; the others are reached by `--set`. */
  flags?: readonly Flag[];
  /** Curves of its own in the report: names of metrics and what to call them. */
  curves?: readonly (readonly [key: string, title: string])[];
}

/** Operations of so many multiply-adds that are trained: two each, and the backward pass counts twice the forward one. */
export function trainingOperations(macs: number): number {
  return 3 * 2 * macs;
}

/** Operations of so many multiply-adds of a forward pass alone. */
export function forwardOperations(macs: number): number {
  return 2 * macs;
}

/** How far a method's loss looks with these settings. */
export function couplingOf({ coupling }: About, config: Config): Coupling {
  return typeof coupling === "function" ? coupling(config) : coupling;
}

/** What the loss of a run's curve is called. */
export function lossWords({ loss }: About, config: Readonly<Record<string, unknown>>): string {
  return typeof loss === "string" ? loss : loss(config);
}

/** Share of the way from chance to floor that the loss of a config must have gone for anything to be learnt. */
export function learntShare({ health: { learnt } }: About, config: Config): number {
  return typeof learnt === "number" ? learnt : learnt(config);
}
