// The protocol `indicators`: what can be told of an encoder without labels, of the trained one, the initial one and raw pixels alike.
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Tensor } from "@unlabel/torch";
import type { Item } from "../data/folder.ts";
import { nameOf } from "../data/names.ts";
import type { IndicatorSize, IndicatorsEvaluation } from "../run/evaluations.ts";
import { CHANGES, type Indicator, type IndicatorName } from "../run/indicators.ts";
import { sharedNeighbours, withoutSelf } from "../score/agreement.ts";
import { mean } from "../score/bootstrap.ts";
import { type Neighbours, nearest } from "../score/knn.ts";
import { shareInterval } from "../score/shares.ts";
import { unusable } from "../score/told.ts";
import type { KeptTold } from "./baseline-memory.ts";
import { frozenAll, type SourceName } from "./encode.ts";
import type { HasEncoder } from "./evaluated.ts";
import { pixelFeatures } from "./features.ts";
import { encodings, type Seen, type SeenFeatures, seenFeatures, WAYS } from "./indicator-features.ts";
import { cutTo, type LookedImages } from "./indicator-images.ts";
import { type IndicatorPlan, planAsked, planIndicators, SHARE, type TrainingCost } from "./indicator-plan.ts";
import { toldOf } from "./indicator-values.ts";
import { PLACES } from "./indicator-views.ts";
import { type Baseline, isAlike, type KnownBaselines } from "./known-baselines.ts";
import type { EvaluationSession } from "./session.ts";
import type { SeenImages } from "./unlabelled-pictures.ts";

/** Neighbours that are compared between encoders. */
const NEIGHBOURS = 10;

export interface IndicatorOptions {
  /** Of views, halves and clusters. */
  seed: number;
  /** Whether raw pixels are looked at, too. */
  pixels: boolean;
  /** What its training has taken; null where that is not known. */
  training: TrainingCost | null;
  /** How many images are looked at, whatever that takes; by default as many as a fifth of the training's time allows. */
  size?: IndicatorSize | undefined;
  /** What is known of the initial encoder and of pixels. */
  baselines: KnownBaselines;
  /** Hears of what the trained encoder makes of the images, once all is told and where its features are any good. */
  onSeen?: ((seen: SeenImages) => Promise<void>) | undefined;
}

/** Encodes the images and works out all indicators; nothing is written. Null on ranks other than 0, which only encode. */
export async function indicators(
  session: EvaluationSession,
  trained: HasEncoder,
  untrained: HasEncoder,
  step: number,
  found: LookedImages,
  { seed, pixels, training, size, baselines, onSeen }: IndicatorOptions,
): Promise<IndicatorsEvaluation | null> {
  const began = performance.now();
  const { machine, view } = session;
  for (const { encoder } of [trained, untrained]) encoder.to({ device: machine.device, memoryFormat: "channels_last" });
  const plan = planOf(found.split.items.length, trained, { training, size, pixels });
  const { images, notes } = cutTo(found, plan);
  session.log(`indicators without labels on ${images.split.items.length} images`);
  for (const note of notes) session.log(`note: ${note}`);
  const asked = { seed, pixels, viewed: plan.viewed };
  const looked = await lookAt(session, { trained, untrained }, images, asked, baselines);
  if (!looked) return null;
  const { seen, all } = looked;
  const [own, initial] = [all.trained!, all.untrained!];
  const count = seen.kept.length;
  const items = Array.from(seen.kept, (i) => images.split.items[i]!);
  const { near } = own;
  const agreement = (other: KeptTold) => agreementOf(near, other.near, seed, seen.files);
  const k = Math.min(NEIGHBOURS, count - 1);
  const viewed = seen.numbers.length;
  const seconds = (performance.now() - began) / 1000;
  const { plain } = seen.features.trained;
  if (near) await onSeen?.({ images, kept: seen.kept, plain, near });
  disposeOf(seen);
  if (training && seconds > SHARE * training.seconds)
    notes.push(
      `indicators took ${seconds.toFixed(0)} s, more than a fifth of the ${training.seconds.toFixed(0)} s of training`,
    );
  return {
    ...session.header("indicators", step, { train: 0, val: count }, seconds, [...images.notes, ...notes]),
    split: images.from,
    settings: {
      size: view.size,
      encoded: seen.encoded,
      images: count,
      viewed,
      seed,
      budget: {
        images: plan.images,
        viewed: plan.viewed,
        cut: plan.isCut,
        allowed_s: plan.allowed,
        expected_s: plan.expected,
      },
    },
    trained: own.told,
    untrained: initial.told,
    ...(all.pixels && { pixels: all.pixels.told }),
    chance: chanceOf(viewed),
    agreement: {
      k,
      untrained: agreement(initial),
      ...(all.pixels && { pixels: agreement(all.pixels) }),
      chance: k / Math.max(1, count - 1),
    },
    ...(near && {
      neighbours: {
        images: namesOf(items),
        k,
        indices: packed(near.indices),
      },
    }),
  };
}

/** Encodes images and views, and tells what can be told of each kind of features; null on ranks other than 0. */
async function lookAt(
  session: EvaluationSession,
  encoders: Record<"trained" | "untrained", HasEncoder>,
  images: LookedImages,
  asked: Pick<IndicatorOptions, "seed" | "pixels"> & { viewed: number },
  baselines: KnownBaselines,
): Promise<{ seen: Seen<SourceName>; all: Partial<Record<SourceName, KeptTold>> } | null> {
  const { machine } = session;
  const settings = JSON.stringify([namesOf(images.split.items), asked]);
  const known = baselinesTold(baselines, settings, asked.pixels);
  let seen = await encode(session, encoders, images, asked, known);
  // An image that can be read no more, or again, makes what was told before that of other images.
  if (Object.values(known).some(({ kept }) => !isAlike(kept, seen.kept))) {
    disposeOf(seen);
    for (const name of BASELINES) delete known[name];
    seen = await encode(session, encoders, images, asked, known);
  }
  if ((machine.ranks?.rank ?? 0) > 0) {
    disposeOf(seen);
    return null;
  }
  const names = Object.keys(seen.features) as SourceName[];
  const all: Partial<Record<SourceName, KeptTold>> = { ...known };
  using phase = session.phase("indicators", names.length, "kind");
  for (const [i, name] of names.entries()) {
    const { plain } = seen.features[name];
    const told = { told: toldOf(seen.features[name], seen, asked.seed), near: neighboursOf(plain), kept: seen.kept };
    all[name] = told;
    if (name !== "trained") baselines.keepTold(name, settings, told);
    await setImmediate();
    machine.signal?.throwIfAborted();
    phase.update(i + 1);
  }
  return { seen, all };
}

/** As many as are asked for, else as many as training's time allows. */
function planOf(
  available: number,
  { encoder }: HasEncoder,
  { training, size, pixels }: Pick<IndicatorOptions, "training" | "size" | "pixels">,
): IndicatorPlan {
  const views = { ways: WAYS, kinds: pixels ? 3 : 2, dims: encoder.dim };
  return size ? planAsked(available, size) : planIndicators(available, training, views);
}

function disposeOf({ features }: Seen<SourceName>): void {
  for (const { plain, views } of Object.values<SeenFeatures>(features))
    for (const one of [plain, ...Object.values(views)]) one.dispose();
}

const BASELINES = ["untrained", "pixels"] as const;

function baselinesTold(
  baselines: KnownBaselines,
  settings: string,
  pixels: boolean,
): Partial<Record<Baseline, KeptTold>> {
  const found = BASELINES.filter((name) => name === "untrained" || pixels).flatMap((name) => {
    const told = baselines.told(name, settings);
    return told ? [[name, told] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Encodes images and views, by each kind of features that is not known. */
async function encode(
  session: EvaluationSession,
  { trained, untrained }: Record<"trained" | "untrained", HasEncoder>,
  { split }: LookedImages,
  { seed, pixels, viewed }: Pick<IndicatorOptions, "seed" | "pixels"> & { viewed: number },
  known: Partial<Record<Baseline, KeptTold>>,
): Promise<Seen<SourceName>> {
  const { machine, view, onSkip } = session;
  using phase = session.phase("encoding views", encodings(split.items.length, viewed), "view", 0);
  const onProgress = (done: number) => phase.update(done);
  const options = { ...machine, view, batch: 256, onProgress, onSkip };
  return frozenAll({ trained, ...(!known.untrained && { untrained }) }, machine, (functions) => {
    const all = { ...functions, ...(pixels && !known.pixels && { pixels: pixelFeatures }) };
    return seenFeatures<SourceName>(split, all, { seed, viewed }, options);
  });
}

function neighboursOf(plain: Tensor): Neighbours | null {
  if (unusable(plain)) return null;
  return withoutSelf(nearest(plain, plain, Math.min(NEIGHBOURS + 1, plain.shape[0]!)));
}

function agreementOf(
  own: Neighbours | null,
  other: Neighbours | null,
  seed: number,
  files: Int32Array | undefined,
): Indicator {
  if (!own || !other) return { refused: "one of the two has no features to find neighbours by" };
  const shared = sharedNeighbours(own.indices, other.indices, own.k);
  return { value: mean(Array.from(shared)), interval: shareInterval(shared, seed, { files }) };
}

function chanceOf(viewed: number): Partial<Record<IndicatorName, number>> {
  const found = Object.fromEntries(CHANGES.map((change) => [`found_${change}`, 1 / viewed]));
  return { ...found, rotation: 1 / 4, place: 1 / PLACES, alignment_ratio: 1 };
}

/** SHA-256 of the images' names, in their order. */
function namesOf(items: readonly Item[]): string {
  return createHash("sha256").update(items.map(nameOf).join("\n")).digest("hex");
}

function packed(indices: Int32Array): string {
  const bytes = Buffer.alloc(2 * indices.length);
  for (const [i, index] of indices.entries()) bytes.writeUInt16LE(index, 2 * i);
  return bytes.toString("base64");
}
