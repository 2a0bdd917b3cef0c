// What evaluation can be asked for.
import type { IndicatorSize, Protocol } from "../run/evaluations.ts";
import type { KnnSettings } from "../score/knn.ts";
import type { BaselineMemory } from "./baseline-memory.ts";
import type { ProbeSettings } from "./linear.ts";
import type { NetworkGiven } from "./network.ts";
import type { MachineOptions, OnPhase } from "./session.ts";

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends MachineOptions {
  /** Default: all that work on features and labels; `indicators` where there are no two classes. */
  protocols?: readonly Protocol[];
  /** Default: the run's. */
  seed?: number | undefined;
  /** Seed of the fifth of train that is held out to score on where there is no val; default: `seed`. Runs that share it share the fifth. */
  splitSeed?: number | undefined;
  /** A file of labels that stand in place of those of the images; those without one are left aside. See `labelledBy`. */
  labels?: string | undefined;
  /** Edge of the images in pixels; default: the run's `eval_size`, or the size that it was trained at. */
  size?: number | undefined;
  /** Settings where they differ from the protocol's defaults. */
  linear?: Partial<Omit<ProbeSettings, "seed">>;
  /** Settings where they differ from the protocol's defaults: k 20, temperature 0.07. */
  knn?: Partial<KnnSettings>;
  /** Shares of the labels that few-shot gives, in (0, 1]. */
  shares?: readonly number[] | undefined;
  /** Of fine-tuning and training from scratch. */
  network?: NetworkGiven;
  /** Indicators: how many images are looked at, whatever that takes. Default: as many as a fifth of the training's time allows, or as many as were looked at before. */
  looked?: IndicatorSize | undefined;
  /** Whether raw pixels are evaluated too. Default true. */
  pixels?: boolean | undefined;
  /** What evaluations of other encoders on the same images have worked out, so that initial encoders and pixels are encoded once. Default: nothing. */
  baselines?: BaselineMemory | undefined;
  /** Whether to draw the embedding map and neighbours for the report. Default true, where features are encoded at all. */
  pictures?: boolean | undefined;
  /** Whether it begins with how the images were understood. Default true. */
  tellData?: boolean | undefined;
  /** Called as each phase ends: `encoding`, `linear probe`, `kNN`, `few-shot`, `retrieval`, `pictures`; one may come in several parts. */
  onPhase?: OnPhase | undefined;
  /** Goes on where `val` has classes that `train` lacks. */
  allowClassMismatch?: boolean | undefined;
}
