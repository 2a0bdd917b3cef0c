// What a run begins with where it is given weights (`init`): opened and judged before LibTorch is loaded, what the config follows them in,
// and what is said of them.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError, UserError } from "../base/errors.ts";
import { counted } from "../base/text.ts";
import { type Config, variantSchema } from "../config/common.ts";
import type { Sources } from "../config/resolve.ts";
import type { Settings } from "../config/settings.ts";
import { ENCODERS, type EncoderConfig, isResNet, isVit, stemOf } from "../encoders/facts.ts";
import type { LoadedWeights, WeightsSource } from "../encoders/weights/index.ts";
import { described, encoderFor } from "../encoders/weights/index.ts";
import { ownVariant } from "../encoders/weights/own-config.ts";
import type { HubStream } from "../hub/progress.ts";
import { isHub } from "../hub/reference.ts";
import { methodNamed, methods, resolveConfig } from "../methods/registry.ts";
import { RunDirectory, type RunInit } from "../run/directory.ts";
import { inheritedLicence, isUnbound } from "../run/licence.ts";
import { openSource } from "../run/open-source.ts";

/** The learning rate by default, in those of the preset, where a run begins with weights: a choice, docs/weights.md. */
export const INIT_LR = 0.1;

/** Weights to begin with, open. */
export interface Init extends Disposable {
  /** Where they lie, whole. */
  path: string;
  source: WeightsSource;
  /** The encoder that they are of. */
  encoder: EncoderConfig;
  /** What the config follows them in, unless the user says otherwise. */
  settings: Settings;
}

/**
 * Opens the weights that settings ask to begin with.
 *
 * @returns null where they ask for none
 * @throws {UserError} where nothing there fits an encoder that is known, and what it is
 * @throws {UsageError} where the user asks for another encoder than the weights are of
 */
export async function openInit(
  { file, flags }: Sources,
  methodOtherwise: string,
  stream?: HubStream,
): Promise<Init | null> {
  const given: Settings = { ...file?.settings, ...flags };
  // Whatever else it is, its own check refuses.
  if (typeof given.init !== "string" || given.init.trim() === "") return null;
  const source = await openSource(isHub(given.init) ? given.init : resolve(given.init), { stream });
  // Of the hub with its commit, so that the run says which it was.
  const { path } = source;
  try {
    const encoder = encoderOf(source);
    refuseContradictions(path, encoder, given);
    const method = methods().find(({ about }) => about.name === (given.method ?? methodOtherwise));
    const own = existsSync(join(path, "run.json")) ? RunDirectory.open(path).info.config : null;
    if (method) refuseMethod({ path, encoder }, method.about.name);
    const hasStem = method !== undefined && "stem" in method.schema && given.stem === undefined;
    const settings = settingsOf(source, encoder, own, { hasStem });
    return { path, source, encoder, settings, [Symbol.dispose]: () => source.close() };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** @throws {UserError} where a method does not train the encoder that weights are of */
export function refuseMethod({ path, encoder: { encoder } }: Pick<Init, "path" | "encoder">, name: string): void {
  const { encoders } = methodNamed(name).about;
  if ((encoders as readonly string[]).includes(encoder)) return;
  throw new UserError(
    `Expected weights of an encoder that ${name} trains (${encoders.join(", ")}), got those of a ${encoder} in ${path}; choose another --method`,
  );
}

/** The encoder whose weights a source has, all of them. @throws {UserError} where it has none, and what it is */
export function encoderOf({ path, state, instead, metadata }: WeightsSource): EncoderConfig {
  if (state === null) {
    throw new UserError(
      `Expected the weights of an encoder in ${path}, got ${instead}; encoders known: ${ENCODERS.join(", ")}`,
    );
  }
  const what = described(state.architecture);
  const found = encoderFor(state.architecture);
  const why =
    instead !== null
      ? `it is ${instead}`
      : "why" in found
        ? found.why
        : state.missing.length > 0
          ? `${counted(state.missing.length, "tensor")} of it missing, such as ${state.missing[0]}`
          : state.unexpected.length > 0
            ? `${counted(state.unexpected.length, "tensor")} without a place in such an encoder, such as ${state.unexpected[0]}`
            : null;
  if ("why" in found || why !== null) {
    throw new UserError(`Expected the weights of an encoder that is known in ${path}, got ${what}; ${why}`);
  }
  // What no shape tells, such as pooling, a checkpoint of ours says.
  return { ...found.config, ...(isVit(found.config.encoder) && ownVariant(metadata)) };
}

/** @throws {UsageError} naming what was asked for and what the weights are of */
function refuseContradictions(path: string, found: EncoderConfig, given: Settings): void {
  const differ = (key: string, has: unknown) => {
    if (given[key] == null || given[key] === has) return;
    throw new UsageError(
      `Expected ${key} ${String(has)}, as the weights in ${path} have it, got ${key} ${String(given[key])}; leave ${key} out, or begin with other weights`,
    );
  };
  differ("encoder", found.encoder);
  if (isVit(found.encoder)) differ("patch", found.patch);
  if (isResNet(found.encoder) && given.stem !== "auto") differ("stem", found.stem);
}

/** What a config follows weights in; of a run of ours in its size too. @param own config of that run */
function settingsOf(
  { preprocessing }: WeightsSource,
  found: EncoderConfig,
  own: Config | null,
  { hasStem }: { hasStem: boolean },
): Settings {
  const settings: Settings = { encoder: found.encoder };
  if (isVit(found.encoder)) Object.assign(settings, { patch: found.patch, eval_size: null, size_start: null });
  if (isResNet(found.encoder) && hasStem) settings.stem = found.stem;
  // What no shape tells, such as pooling, a run of ours says.
  const variants: Readonly<Record<string, unknown>> = own ? { ...found, ...own } : { ...found };
  for (const key of Object.keys(variantSchema)) if (variants[key] !== undefined) settings[key] = variants[key];
  if (preprocessing) Object.assign(settings, { mean: preprocessing.mean, std: preprocessing.std });
  if (own) Object.assign(settings, { size: own.size, eval_size: own.eval_size });
  return settings;
}

/**
 * The config of a run that begins with weights: preset ← what was fitted to the images ← what the weights say ← what the user said, and
 * a smaller learning rate unless the user set one.
 *
 * @param chosen what preset `auto` fitted to the images
 */
export function resolveWithInit(sources: Sources, init: Init | null, chosen: Settings = {}): Config {
  const plain = { ...sources, fitted: { ...sources.fitted, ...chosen } };
  if (init === null) return resolveConfig(plain);
  const given: Settings = { ...sources.file?.settings, ...sources.flags };
  const fitted: Settings = { ...plain.fitted, ...init.settings };
  if (isVit(init.encoder.encoder) && given.size === undefined && fitted.size === undefined) {
    fitted.size = resolveConfig(withoutEncoder(sources)).size;
  }
  const { patch } = init.encoder;
  if (isVit(init.encoder.encoder) && given.size === undefined) fitted.size = patched(Number(fitted.size), patch);
  const flags = { ...sources.flags, init: init.path };
  const config = resolveConfig({ ...sources, flags, fitted });
  if (isResNet(config.encoder) && init.encoder.stem !== stemOf(config as EncoderConfig)) {
    throw new UsageError(
      `Expected stem ${init.encoder.stem}, as the weights in ${init.path} have it, got stem ${stemOf(config as EncoderConfig)} at ${config.size} px; set stem to that, or begin with other weights`,
    );
  }
  if ("lr" in given) return config;
  return resolveConfig({ ...sources, flags, fitted: { ...fitted, lr: Number((INIT_LR * config.lr).toPrecision(6)) } });
}

/** Settings that tell the preset's size alone. */
function withoutEncoder({ file, flags }: Sources): Sources {
  const given: Settings = { ...file?.settings, ...flags };
  return {
    flags: {
      ...(given.method !== undefined && { method: given.method }),
      ...(given.preset !== undefined && { preset: given.preset }),
    },
  };
}

/** The nearest size that a patch divides, twice the patch at least. */
function patched(size: number, patch: number): number {
  return patch * Math.max(2, Math.round(size / patch));
}

/** What run.json keeps of weights once they are loaded. */
export function recordOf(init: Init, loaded: LoadedWeights, config: Config): RunInit {
  const { source, path, settings } = init;
  const { producer, licence, state } = source;
  const all = config as Readonly<Record<string, unknown>>;
  const own = existsSync(join(path, "run.json")) ? RunDirectory.open(path).info : null;
  return {
    source: path,
    producer,
    encoder: described(state!.architecture),
    checksum: checksumOf(source),
    // A run passes on that of what it began with itself.
    licence: config.init_license ?? licence ?? (own && inheritedLicence(own)),
    ...(own && isUnbound(own) && { unbound: true as const }),
    tensors: loaded.matched.length,
    reshaped: loaded.reshaped,
    aside: loaded.aside.map(({ what, names }) => ({
      what: own ? "the method's heads" : what,
      tensors: names.length,
    })),
    follows: Object.keys(settings).filter((key) => JSON.stringify(all[key]) === JSON.stringify(settings[key])),
    notes: [...source.notes, ...loaded.notes],
  };
}

/** SHA-256 of the encoder's tensors as the source has them. */
export function checksumOf({ state }: WeightsSource): string {
  const hash = createHash("sha256");
  const pieces = [...state!.placed.values()].flatMap((one) => one.pieces.flatMap((piece) => piece ?? []));
  for (const piece of pieces.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(`${piece.name} ${piece.dtype} ${piece.shape.join()}\n`).update(piece.bytes());
  }
  return hash.digest("hex");
}

/** The lines that tell what a run begins with. */
export function initLines(init: RunInit, config: Config, given: Settings): string[] {
  const { source, producer, encoder, reshaped, aside, licence, notes } = init;
  const fixedPositions = isVit(config.encoder) && methodNamed(config.method).encoder?.positions === "sincos";
  const details = [
    `${counted(init.tensors, "tensor")}, none missing`,
    ...(isVit(config.encoder) && !("size" in given)
      ? [`size ${config.size}, which patch ${config.patch} divides`]
      : []),
    ...reshaped.map(({ name, how }) => `${name}: ${how}`),
    ...(aside.length > 0 ? [`left aside: ${aside.map(({ what, tensors }) => `${what} (${tensors})`).join(", ")}`] : []),
    ...(fixedPositions ? [`positions are the source's and stay fixed, as ${config.method} has them`] : []),
    ...notes,
    licence === null ? "licence unknown; --init-license names it" : `licence ${licence}`,
  ];
  return [
    `begins with ${source}: ${producer ? `${producer}, ` : ""}${encoder}`,
    details.join("; "),
    ...("lr" in given ? [] : [`lr ${config.lr}, a tenth of what it would be from random weights; --lr sets another`]),
  ];
}
