// What help, reports and forecasts need of a method. Imports neither zod nor LibTorch.
import type { CommonConfig, Config, SettledChannels } from "../config/common.ts";

/** Settings of a preset: any of the common ones, and the method's own. */
export type Preset = Partial<Omit<CommonConfig, "method" | "preset" | "mean" | "std">> &
  Partial<Pick<SettledChannels, "mean" | "std">> & { readonly [key: string]: unknown };

/** A flag of `pretrain` for one of the method's own keys. */
export interface Flag {
  /** `--mask-ratio` sets the key `mask_ratio`. */
  flag: string;
  /** Its value's name in help. */
  value: string;
  /** What help says of it. */
  help: string;
}

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
  /** `batch`: the loss looks across the images of a batch, and cannot be had in parts unless by `embed` and `contrast`. */
  coupling: "image" | "batch";
  /** What the method draws at random beside its views, such as "masks"; absent where nothing. */
  draws?: string;
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

/** What the loss of a run's curve is called. */
export function lossWords({ loss }: About, config: Readonly<Record<string, unknown>>): string {
  return typeof loss === "string" ? loss : loss(config);
}

/** Share of the way from chance to floor that the loss of a config must have gone for anything to be learnt. */
export function learntShare({ health: { learnt } }: About, config: Config): number {
  return typeof learnt === "number" ? learnt : learnt(config);
}
