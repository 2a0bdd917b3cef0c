// The baselines of one evaluation, as far as earlier ones on the same images have worked them out.
import type { BaselineMemory, KeptTold } from "./baseline-memory.ts";
import type { Encoded, Source, SourceName } from "./encode.ts";
import type { HasEncoder } from "./evaluated.ts";
import { checksum } from "./features.ts";
import type { EvaluateOptions } from "./options.ts";
import type { EvaluationSession } from "./session.ts";
import { isShared } from "./shared-rows.ts";

/** Features that need no training. */
export type Baseline = Exclude<SourceName, "trained">;

/** Which of them have to be worked out. */
export type Missing = Record<Baseline, boolean>;

/** What is known of one evaluation's initial encoder and of raw pixels. */
export class KnownBaselines {
  /** Null where nothing is remembered. */
  readonly #memory: BaselineMemory | null;
  readonly #wanted: readonly Baseline[];
  readonly #keys: Record<Baseline, string>;

  constructor(
    session: EvaluationSession,
    { encoder }: HasEncoder,
    { baselines, pixels = true, ranks }: Pick<EvaluateOptions, "baselines" | "pixels" | "ranks">,
  ) {
    const { machine, data, train, val, view, splitSeed } = session;
    // Ranks have rows of their own parts; a device's memory is for training.
    this.#memory = baselines && !isShared(ranks) && machine.device === "cpu" ? baselines : null;
    this.#wanted = pixels ? ["untrained", "pixels"] : ["untrained"];
    const images = [data.fingerprint, splitSeed, train.items.length, val.items.length, train.input ?? null];
    const same = JSON.stringify([...images, view, machine.precision]);
    const weights = this.#memory ? checksum(encoder) : "";
    this.#keys = { untrained: `${same} ${weights}`, pixels: same };
  }

  /** Encodes what is missing. Disposing of the result lets go of what is not remembered. */
  async completed(encode: (missing: Missing) => Promise<Encoded>): Promise<Encoded & Disposable> {
    let known = this.#wanted.flatMap((name) => this.#memory?.use(this.#keys[name]) ?? []);
    let encoded = await encode(this.#missing(known.map(({ source }) => source.name)));
    // An image that can be read no more, or again, makes them baselines of other images.
    if (known.some(({ kept }) => !isAlike(kept.train, encoded.kept.train) || !isAlike(kept.val, encoded.kept.val))) {
      disposeOf(encoded.sources);
      for (const { source } of known) this.#memory?.forget(this.#keys[source.name as Baseline]);
      known = [];
      encoded = await encode(this.#missing([]));
    }
    const all = [...encoded.sources, ...known.map(({ source }) => source)];
    const sources = ORDER.flatMap((name) => all.filter((source) => source.name === name));
    const owned = encoded.sources.filter(({ name }) => name === "trained");
    for (const source of encoded.sources) {
      const { name } = source;
      if (name === "trained") continue;
      const one = { source, kept: encoded.kept };
      if (!this.#memory?.keep(this.#keys[name], one, Object.values(this.#keys))) owned.push(source);
    }
    return { ...encoded, sources, [Symbol.dispose]: () => disposeOf(owned) };
  }

  /** What indicators told of a baseline by these settings; null where that is not known. */
  told(name: Baseline, settings: string): KeptTold | null {
    return this.#memory?.told(`${this.#keys[name]} ${settings}`) ?? null;
  }

  /** Remembers what indicators told. */
  keepTold(name: Baseline, settings: string, told: KeptTold): void {
    this.#memory?.keepTold(`${this.#keys[name]} ${settings}`, told);
  }

  #missing(known: readonly SourceName[]): Missing {
    const lacks = (name: Baseline) => this.#wanted.includes(name) && !known.includes(name);
    return { untrained: lacks("untrained"), pixels: lacks("pixels") };
  }
}

/** As files have them. */
const ORDER: readonly SourceName[] = ["trained", "untrained", "pixels"];

/** Whether two lists of items are the same. */
export function isAlike(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function disposeOf(sources: readonly Source[]): void {
  for (const source of sources) source.dispose();
}
