// Which of a file's tensors are an encoder's, under which names: every place where one of the known architectures could begin is tried,
// and the one that fits best is taken. File names decide nothing.
import { convNextTensors, tellConvNext } from "./architectures/convnext.ts";
import { resNetTensors, tellResNet } from "./architectures/resnet.ts";
import { tellVit, vitTensors } from "./architectures/vit.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { DIALECTS } from "./dialects/index.ts";
import { firstFit, renamer } from "./dialects/pattern.ts";
import type { Entry } from "./files/weights-file.ts";
import type { Expected, FoundArchitecture, Hints, Shapes } from "./found-architecture.ts";

/** A tensor of ours, from one of theirs or from several one below the other; null where a piece is missing and stands for zeros. */
export interface Placed {
  /** Of all pieces together. */
  readonly shape: readonly number[];
  /** In their order along the first dimension. */
  readonly pieces: readonly (Entry | null)[];
}

/** Tensors that are of no use here, and why. */
export interface Aside {
  /** What they are, for people. */
  what: string;
  /** By the file's names. */
  names: string[];
}

/** An encoder within a file. */
export interface FoundState {
  /** What stands before each name. */
  readonly prefix: string;
  /** Whose names they are. */
  readonly names: string;
  /** What it is. */
  readonly architecture: FoundArchitecture;
  /** By our names. */
  readonly placed: ReadonlyMap<string, Placed>;
  /** Our names of tensors that such an encoder has and the file does not. */
  readonly missing: readonly string[];
  /** The file's names below the prefix that such an encoder has no place for. */
  readonly unexpected: readonly string[];
  /** What is known and of no use here. */
  readonly aside: readonly Aside[];
  /** Other prefixes that would do as well. */
  readonly others: readonly string[];
}

/** What wrappers of PyTorch's put into the names of the blocks that they wrap: FSDP, checkpointing, torch.compile. */
const WRAPPERS = /(?<=^|\.)(_fsdp_wrapped_module|_checkpoint_wrapped_module|_orig_mod)\./g;

/** Places that are looked at; no file has as many encoders. */
const MOST_PLACES = 64;
/** Names that are looked at, those of a place counted once for each. */
const MOST_NAMES = 1_000_000;

/**
 * @param prefix only there
 * @returns null where there is no encoder of a known architecture
 */
export function findState(
  entries: readonly Entry[],
  hints: (dialect: Dialect, prefix: string) => Hints,
  prefix?: string,
): FoundState | null {
  const all = placesOf(entries).filter((place) => prefix === undefined || place.prefix === prefix);
  const places = all.slice(0, Math.max(4, Math.floor(MOST_NAMES / entries.length)));
  const found = places.flatMap(({ dialect, prefix: at }) => {
    const one = tryPlace(entries, dialect, at, hints(dialect, at));
    return one ? [one] : [];
  });
  const share = (one: FoundState) => one.placed.size / (one.placed.size + one.missing.length);
  found.sort(
    (a, b) =>
      share(b) - share(a) ||
      a.unexpected.length - b.unexpected.length ||
      preference(a.prefix) - preference(b.prefix) ||
      a.prefix.length - b.prefix.length,
  );
  const [best, ...rest] = found;
  if (best === undefined || share(best) < 0.5) return null;
  const others = rest.filter((one) => one.missing.length <= best.missing.length).map((one) => one.prefix);
  return { ...best, others: [...new Set(others)].filter((one) => one !== best.prefix) };
}

/**
 * Where several do as well: the teacher of DINO and the averaged weights of timm, which their own programs evaluate with; a momentum
 * copy, as MoCo has one for its keys alone, last.
 */
function preference(prefix: string): number {
  if (/(^|[._])(teacher|ema|target_encoder)([._]|$)/.test(prefix)) return 0;
  return /(encoder_k|momentum|target)/.test(prefix) ? 2 : 1;
}

/** Within a block of an encoder, none begins. */
const WITHIN = /(^|\.)((layer\d|\d)\.\d+\.|downsample\.)$/;

function placesOf(entries: readonly Entry[]): { dialect: Dialect; prefix: string }[] {
  const found: { dialect: Dialect; prefix: string }[] = [];
  for (const { name, shape } of entries) {
    if (shape.length !== 4) continue;
    for (const dialect of DIALECTS) {
      const { anchor } = dialect;
      if (name !== anchor && !name.endsWith(`.${anchor}`)) continue;
      const prefix = name.slice(0, -anchor.length);
      if (!WITHIN.test(prefix)) found.push({ dialect, prefix });
    }
    if (found.length >= MOST_PLACES) break;
  }
  return found;
}

function tryPlace(entries: readonly Entry[], dialect: Dialect, prefix: string, hints: Hints): FoundState | null {
  const ours = renamer(dialect.names);
  const known = firstFit(dialect.aside);
  const pieces = new Map<string, (Entry | null)[]>();
  const theirs = new Map<string, string>();
  const aside = new Map<string, string[]>();
  const unexpected: string[] = [];
  const below = (name: string) => name.slice(prefix.length).replace(WRAPPERS, "");
  const leave = (what: string, name: string) => {
    const names = aside.get(what);
    if (names) names.push(name);
    else aside.set(what, [name]);
  };
  // Heads may stand beside what the prefix holds: transformers' `vit.` and `classifier.`.
  const outer = /^(.*\.)?[^.]+\.$/.exec(prefix)?.[1] ?? "";
  for (const entry of entries) {
    const { name } = entry;
    if (!name.startsWith(prefix)) {
      const what = name.startsWith(outer) ? known(name.slice(outer.length)) : null;
      leave(what ?? `outside of ${prefix}`, name);
      continue;
    }
    const renamed = ours(below(name));
    if (renamed === null) {
      const what = entry.shape.includes(0) ? "without a number in them" : known(below(name));
      if (what === null) unexpected.push(name);
      else leave(what, name);
      continue;
    }
    theirs.set(renamed.ours, name);
    const at = pieces.get(renamed.ours) ?? [];
    at[renamed.piece ?? 0] = entry;
    if (renamed.piece !== null) for (let i = 0; i < 3; i++) at[i] ??= null;
    pieces.set(renamed.ours, at);
  }
  const decoder = aside.get("MAE's decoder");
  if (decoder) {
    // MAE's decoder is what its mask token is for.
    decoder.push(...(aside.get("a mask token") ?? []));
    aside.delete("a mask token");
  }
  const placed = new Map(
    [...pieces].map(([name, some]) => [name, { shape: joinedShape(some), pieces: some }] as const),
  );
  const shapes: Shapes = new Map([...placed].map(([name, { shape }]) => [name, shape]));
  const architecture = TELL[dialect.family](shapes, hints);
  if (architecture === null) return null;
  const expected = tensorsOf(architecture);
  const missing = [...expected].flatMap(([name, { optional }]) => (placed.has(name) || optional ? [] : [name]));
  for (const [name, one] of placed) {
    const wanted = expected.get(name)?.shape;
    if (wanted !== undefined && sameButForOnes(wanted, one.shape)) {
      placed.set(name, { ...one, shape: wanted });
      continue;
    }
    placed.delete(name);
    const own = theirs.get(name)!;
    // Renamed for encoders that use it; this one does not.
    const what = wanted === undefined ? known(below(own)) : null;
    if (what === null) unexpected.push(own);
    else leave(what, own);
    if (wanted !== undefined) missing.push(name);
  }
  return {
    ...{ prefix, names: dialect.whose, architecture, placed, missing, unexpected, others: [] },
    aside: [...aside].map(([what, names]) => ({ what, names })),
  };
}

const TELL: { [Family in FoundArchitecture["family"]]: (shapes: Shapes, hints: Hints) => FoundArchitecture | null } = {
  resnet: tellResNet,
  vit: tellVit,
  convnext: tellConvNext,
};

/** What an encoder of that architecture has, by our names. */
export function tensorsOf(architecture: FoundArchitecture): Expected {
  if (architecture.family === "resnet") return resNetTensors(architecture);
  return architecture.family === "vit" ? vitTensors(architecture) : convNextTensors(architecture);
}

/** One below the other; a missing piece has the shape of those that are there. */
function joinedShape(pieces: readonly (Entry | null)[]): readonly number[] {
  const first = pieces.find((piece) => piece !== null)?.shape ?? [];
  if (pieces.length === 1) return first;
  const fits = pieces.every((piece) => piece === null || piece.shape.join() === first.join());
  return fits && first.length > 0 ? [first[0]! * pieces.length, ...first.slice(1)] : [-1];
}

/** `[C, 1, 1]` holds what `[C]` does. */
function sameButForOnes(a: readonly number[], b: readonly number[]): boolean {
  if (a.join() === b.join()) return true;
  const without = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  return a.length === 1 && without(a) === without(b);
}
