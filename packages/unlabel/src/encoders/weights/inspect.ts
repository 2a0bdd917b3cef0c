// What `unlabel weights inspect` tells, as one object.
import { UserError } from "../../base/errors.ts";
import { ENCODERS, type EncoderConfig } from "../facts.ts";
import { described, type EncoderFor, encoderFor } from "./encoder-for.ts";
import type { FilePart, Plain } from "./files/weights-file.ts";
import type { FoundArchitecture } from "./found-architecture.ts";
import type { Aside } from "./found-state.ts";
import type { WeightsSource } from "./open-weights.ts";
import type { Preprocessing } from "./preprocessing.ts";

/** One tensor of a file. */
export interface InspectedTensor {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** Our name, or that of the tensor that it is a part of; null where it is no encoder's. */
  ours: string | null;
}

/** An encoder among a file's tensors. */
export interface InspectedEncoder {
  prefix: string;
  /** Whose names they are. */
  names: string;
  architecture: FoundArchitecture;
  /** The architecture in words. */
  described: string;
  /** What it would load into, or why into nothing. */
  loads: { config: EncoderConfig } | { why: string };
  matched: number;
  missing: readonly string[];
  unexpected: readonly string[];
  aside: readonly Aside[];
  /** What would be made to fit for the size and channels that were asked for, by our names. */
  reshaped: readonly { name: string; how: string }[];
  /** Other prefixes that would do. */
  others: readonly string[];
}

/** All that is told. */
export interface InspectedWeights {
  path: string;
  format: string;
  producer: string | null;
  encoder: InspectedEncoder | null;
  /** What it is where no encoder is found. */
  instead: string | null;
  /** The encoders here, by name. */
  known: readonly string[];
  parts: readonly FilePart[];
  metadata: Readonly<Record<string, Plain>>;
  preprocessing: Preprocessing | null;
  licence: string | null;
  inert: readonly string[];
  calls: readonly string[];
  notes: readonly string[];
  tensors: InspectedTensor[];
}

/** For which images the encoder would be. */
export interface InspectFor {
  /** Edge in pixels; default the source's own. */
  size?: number | undefined;
  /** Of an image; default the source's own. */
  channels?: number | undefined;
}

/** @throws {UserError} for a size that a ViT's patch does not divide */
export function inspected(source: WeightsSource, wanted: InspectFor = {}): InspectedWeights {
  const { path, format, producer, state, instead, parts, metadata, preprocessing, licence, inert, calls, notes } =
    source;
  const ours = new Map<string, string>();
  for (const [name, { pieces }] of state?.placed ?? [])
    for (const piece of pieces) if (piece) ours.set(piece.name, name);
  return {
    ...{ path, format, producer },
    encoder: state && {
      ...{ prefix: state.prefix, names: state.names, architecture: state.architecture },
      ...{ described: described(state.architecture), loads: loadsInto(source, wanted), matched: state.placed.size },
      ...{
        missing: state.missing,
        unexpected: state.unexpected,
        aside: state.aside,
        reshaped: reshapedFor(state.architecture, wanted),
        others: state.others,
      },
    },
    ...{ instead, known: ENCODERS, parts, metadata, preprocessing, licence, inert, calls },
    notes: [...notes, ...(state ? caveats(state.architecture) : [])],
    tensors: source.entries.map(({ name, dtype, shape }) => ({ name, dtype, shape, ours: ours.get(name) ?? null })),
  };
}

/** What no shape shows, and features depend on. */
function caveats(found: FoundArchitecture): string[] {
  if (found.family !== "vit") return [];
  if (found.heads !== null) return [];
  return ["how many heads it has is nowhere said: the encoder that it is loaded into decides"];
}

function reshapedFor(found: FoundArchitecture, { size, channels }: InspectFor): { name: string; how: string }[] {
  const reshaped: { name: string; how: string }[] = [];
  if (channels !== undefined && channels !== found.channels) {
    const name = { resnet: "conv1", vit: "patch_embed.proj", convnext: "stem.0" }[found.family];
    const how = `channels adapted from ${found.channels} to ${channels}, if asked for, which often does not help`;
    reshaped.push({ name: `${name}.weight`, how });
  }
  if (size === undefined || found.family !== "vit" || found.grid === null) return reshaped;
  const { patch, grid } = found;
  if (size % patch !== 0) {
    const nearest = patch * Math.max(1, Math.round(size / patch));
    throw new UserError(`Expected a size that patch ${patch} divides, got ${size}; nearest: ${nearest}`);
  }
  const side = size / patch;
  if (grid[0] !== side || grid[1] !== side) {
    reshaped.push({ name: "pos_embed", how: `positions interpolated from ${grid.join(" × ")} to ${side} × ${side}` });
  }
  return reshaped;
}

function loadsInto({ state, instead }: WeightsSource, wanted: InspectFor): EncoderFor {
  if (state === null) return { why: "there is none" };
  if (instead !== null) return { why: `it is ${instead}` };
  const [missing, unexpected] = [state.missing.length, state.unexpected.length];
  if (missing > 0) return { why: `${missing} of its tensors ${missing === 1 ? "is" : "are"} missing` };
  if (unexpected > 0) {
    const have = unexpected === 1 ? "has" : "have";
    return { why: `${unexpected} of its tensors ${have} no place in such an encoder: it is another kind` };
  }
  const found = encoderFor(state.architecture);
  if ("why" in found) return found;
  const { size = found.config.size, channels = found.config.channels } = wanted;
  return { config: { ...found.config, size, ...(channels !== undefined && { channels }) } };
}
