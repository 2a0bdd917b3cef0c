// What `unlabel weights inspect` tells, as one object.
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

export function inspected(source: WeightsSource): InspectedWeights {
  const { path, format, producer, state, instead, parts, metadata, preprocessing, licence, inert, calls, notes } =
    source;
  const ours = new Map<string, string>();
  for (const [name, { pieces }] of state?.placed ?? [])
    for (const piece of pieces) if (piece) ours.set(piece.name, name);
  return {
    ...{ path, format, producer },
    encoder: state && {
      ...{ prefix: state.prefix, names: state.names, architecture: state.architecture },
      ...{ described: described(state.architecture), loads: loadsInto(source), matched: state.placed.size },
      ...{ missing: state.missing, unexpected: state.unexpected, aside: state.aside, others: state.others },
    },
    ...{ instead, known: ENCODERS, parts, metadata, preprocessing, licence, inert, calls, notes },
    tensors: source.entries.map(({ name, dtype, shape }) => ({ name, dtype, shape, ours: ours.get(name) ?? null })),
  };
}

function loadsInto({ state }: WeightsSource): EncoderFor {
  if (state === null) return { why: "there is none" };
  if (state.missing.length > 0) return { why: `${state.missing.length} of its tensors are missing` };
  if (state.unexpected.length > 0) {
    return { why: `${state.unexpected.length} of its tensors have no place in such an encoder: it is another kind` };
  }
  return encoderFor(state.architecture);
}
