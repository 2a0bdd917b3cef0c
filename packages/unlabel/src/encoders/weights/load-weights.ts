// Copies what was found into an encoder: renamed, positions interpolated, channels adapted, numbers converted. What is missing, left
// over or reshaped is listed; nothing is copied where the encoder would not do what its source does.
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { UserError } from "../../base/errors.ts";
import type { Encoder } from "../encoder.ts";
import { ENCODERS } from "../facts.ts";
import { adaptChannels, type ChannelsRule, fitPositions, tensorOf } from "./adapt.ts";
import { described } from "./encoder-for.ts";
import type { FoundArchitecture } from "./found-architecture.ts";
import type { Aside, FoundState } from "./found-state.ts";
import type { WeightsSource } from "./open-weights.ts";

/** Options of {@link loadWeights}. */
export interface LoadWeightsOptions {
  /**
   * What becomes of the first layer where the encoder has other channels than the source: `mean`, each new one the mean of the old ones;
   * `inflate`, the old ones in turn. Without it such weights are refused.
   */
  channels?: ChannelsRule | undefined;
  /** Whether weights are refused where parameters of the encoder are missing, or some of the source have no place. Default true. */
  strict?: boolean | undefined;
}

/** What {@link loadWeights} did. */
export interface LoadedWeights {
  /** Names of the encoder's tensors that were copied. */
  matched: string[];
  /** Names of the encoder's tensors that the source has not; they are as they were. */
  missing: string[];
  /** Names of the source's tensors that the encoder has no place for. */
  unexpected: string[];
  /** Names of the source's tensors that are known and of no use. */
  aside: readonly Aside[];
  /** Tensors that came with another shape, and what was done. */
  reshaped: { name: string; from: number[]; to: number[]; how: string }[];
  /** What a person should know. */
  notes: string[];
}

/** Of the first layer, in each family. */
const FIRST = new Set(["conv1.weight", "patch_embed.proj.weight", "stem.0.weight"]);

/**
 * Copies weights from elsewhere into an encoder.
 *
 * @throws {UserError} where the source has no encoder, another one, (with `strict`) not all of it, or values that are no numbers; nothing is
 *   changed then
 */
export function loadWeights(encoder: Encoder, source: WeightsSource, options: LoadWeightsOptions = {}): LoadedWeights {
  const { strict = true } = options;
  const { state } = source;
  if (state === null) {
    throw new UserError(
      `Expected the weights of an encoder in ${source.path}, got ${source.instead}; encoders known: ${ENCODERS.join(", ")}`,
    );
  }
  refuseOther(encoder, source.path, state.architecture);
  const own = encoder.stateDict();
  const into = tableOf(encoder, own);
  return scope(() => {
    const fitted = new Map<string, Tensor>();
    const loaded: LoadedWeights = {
      ...{ matched: [], missing: [], reshaped: [], notes: notesOf(encoder, state.architecture) },
      ...{ unexpected: [...state.unexpected], aside: state.aside },
    };
    for (const [name, tensor] of Object.entries(own)) {
      const made = fit(name, tensor, { state, into, path: source.path }, options, loaded);
      if (made === null) loaded.missing.push(name);
      else fitted.set(name, made);
    }
    for (const name of state.placed.keys()) {
      if (!Object.hasOwn(own, name) && !isOptional(name)) loaded.unexpected.push(name);
    }
    foldPositions(into, state, fitted);
    // Files from before PyTorch 0.4.1 count no batches.
    loaded.missing = loaded.missing.filter((name) => !name.endsWith("num_batches_tracked"));
    if (strict) refuseIncomplete(loaded, source, state);
    noGrad(() => {
      for (const [name, value] of fitted) {
        own[name]!.copy_(value);
        loaded.matched.push(name);
      }
    });
    return loaded;
  });
}

/** What an encoder's tensors are made from. */
interface Fitting {
  state: FoundState;
  /** The encoder's table of positions; null where it has none. */
  into: { length: number; side: number } | null;
  path: string;
}

/** What one of the encoder's tensors becomes; null where the source has nothing for it. */
function fit(
  name: string,
  own: Tensor,
  { state: { placed, architecture }, into, path }: Fitting,
  { channels }: LoadWeightsOptions,
  { reshaped, notes }: LoadedWeights,
): Tensor | null {
  const one = placed.get(name);
  if (one === undefined) {
    if (!(architecture.family === "vit" && !architecture.qkvBias && name.endsWith(".attn.qkv.bias"))) return null;
    if (!notes.includes(NO_BIAS)) notes.push(NO_BIAS);
    return own.zerosLike();
  }
  const value = tensorOf(one);
  if (value.numel > 0 && !Number.isFinite(value.abs().amax().item())) {
    throw new UserError(
      `Expected numbers in ${one.pieces[0]?.name ?? name} of ${path}, got NaN or infinity: what saved them had failed by then; take an earlier checkpoint`,
    );
  }
  const [from, to] = [[...value.shape], [...own.shape]];
  if (from.join() === to.join() && name !== "pos_embed") return value;
  if (name === "pos_embed" && into && architecture.family === "vit" && from[2] === to[2]) {
    const { positions, ...grids } = fitPositions(value, architecture, into);
    if (from.join() !== to.join()) reshaped.push({ name, from, to, how: wayOf(grids.from, grids.to) });
    return positions;
  }
  if (FIRST.has(name) && from.length === 4 && from[1] !== to[1] && from.with(1, to[1]!).join() === to.join()) {
    if (channels === undefined) {
      throw new UserError(
        `Expected ${to[1]} channels in ${path}, got ${from[1]}; channels "mean" or "inflate" adapts the first layer, which often does not help (torchgeo/torchgeo-bench#85)`,
      );
    }
    reshaped.push({ name, from, to, how: `channels adapted (${channels}), which often does not help` });
    return adaptChannels(value, to[1]!, channels);
  }
  throw new UserError(
    `Expected [${to.join(", ")}] for ${name} in ${path}, got [${from.join(", ")}]: ${described(architecture)}`,
  );
}

const NO_BIAS = "queries, keys and values have no bias in the source: zeros";

function wayOf(from: readonly number[], to: readonly number[]): string {
  if (from.join() === to.join()) return "a row for the class token";
  return `positions interpolated from ${from.join(" × ")} to ${to.join(" × ")}`;
}

/** Positions that the encoder's class token and registers have not are part of these. */
function foldPositions(into: Fitting["into"], { placed, architecture }: FoundState, fitted: Map<string, Tensor>): void {
  const table = placed.get("pos_embed");
  if (architecture.family !== "vit" || !table || !into) return;
  const { classToken, registers } = fitPositions(tensorOf(table), architecture, into);
  for (const [name, more] of [
    ["cls_token", classToken],
    ["reg_token", registers],
  ] as const) {
    const token = fitted.get(name);
    if (token && more) fitted.set(name, token.add(more));
  }
}

/** A ViT's table of positions: how many rows, and the side of the square of patches. */
function tableOf(encoder: Encoder, own: Record<string, Tensor>): Fitting["into"] {
  const length = own.pos_embed?.shape[1];
  if (length === undefined || !("grid" in encoder) || typeof encoder.grid !== "number") return null;
  return { length, side: encoder.grid };
}

/** Of a family or with heads that are not the encoder's. */
function refuseOther(encoder: Encoder, path: string, found: FoundArchitecture): void {
  if (found.family !== "vit") {
    if (found.family === "resnet" && found.bottleneck && found.strideFirst === true) {
      throw new UserError(
        `Expected strides on 3 × 3 convolutions in ${path}, got them on the first ones of bottlenecks`,
      );
    }
    return;
  }
  const heads = headsOf(encoder);
  if (heads === null || found.heads === null || heads === found.heads) return;
  throw new UserError(`Expected ${heads} heads in ${path}, got ${found.heads}: ${described(found)}`);
}

function headsOf(encoder: Encoder): number | null {
  for (const module of encoder.modules()) {
    if ("heads" in module && typeof module.heads === "number") return module.heads;
  }
  return null;
}

function notesOf(encoder: Encoder, found: FoundArchitecture): string[] {
  if (found.family !== "vit") return [];
  const notes = found.heads === null ? ["how many heads it has is nowhere said: the encoder's are taken"] : [];
  for (const module of encoder.modules()) {
    if (!("normalizedShape" in module && "eps" in module)) continue;
    if (found.normEps !== null && module.eps !== found.normEps) {
      notes.push(
        `the source's LayerNorm has ε ${found.normEps}, the encoder's ${module.eps}: features differ a little`,
      );
    }
    break;
  }
  return notes;
}

function isOptional(name: string): boolean {
  return name.endsWith("num_batches_tracked") || name.startsWith("head.norm.");
}

function refuseIncomplete({ missing, unexpected }: LoadedWeights, { path }: WeightsSource, state: FoundState): void {
  if (missing.length + unexpected.length === 0) return;
  const parts = [listed("missing", missing), listed("without a place in the encoder", unexpected)].filter(Boolean);
  throw new UserError(
    `Expected the encoder's weights in ${path}, got ${described(state.architecture)}; ${parts.join("; ")}`,
  );
}

function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  return `${what}: ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}
