// Which values of a data set's samples become 0 and 1: by their type, by percentiles of some images, or as it is set.
import { UserError } from "../base/errors.ts";
import type { Split } from "./folder.ts";
import type { Facts } from "./foreign/facts.ts";
import { sampleWords, typeRange } from "./foreign/samples.ts";
import { type Input, isOrdinary } from "./input.ts";
import type { InputSettings } from "./input-settings.ts";
import { valueInWords as words } from "./input-words.ts";
import { sampleValues, type Values } from "./range.ts";
import { MOST, tally } from "./tally.ts";

/** Percentiles that become 0 and 1. */
const ENDS = [0.001, 0.999] as const;

type Ranges = Input["range"];

/**
 * Chooses the range of each channel, and says it.
 *
 * @param read what the headers of those say that will be read
 * @throws {UserError} where samples differ so that one range would not do, or a band has but one value
 */
export async function chooseRange(
  train: Split,
  read: Facts[],
  input: Pick<Input, "channels" | "bands">,
  { range: setting, tiles }: InputSettings,
  seed: number,
): Promise<{ range: Ranges; said: string[] }> {
  const { channels } = input;
  if (typeof setting !== "string") {
    checkRange(read, setting);
    // What 8 bits are read as anyway.
    const isOwn =
      setting[0] === 0 && setting[1] === 255 && read.every(({ sample }) => sample.kind === "uint" && sample.bits === 8);
    return { range: isOwn ? null : repeat(setting, channels), said: [becomes(setting)] };
  }
  const { facts, said } = ofOneType(read, setting);
  const types = tally(facts, ({ sample }) => sampleWords(sample));
  const alike = types.length === 1;
  const type = typeRange(facts[0]!.sample);
  const isShort = ({ sample: { kind, bits } }: Pick<Facts, "sample">) => kind === "uint" && bits <= 8;
  if (facts.every(isShort)) return { range: null, said };
  const each = `${typeWords(types)} samples: each file by all that its type can hold`;
  if (setting === "type") {
    if (!facts.every(({ sample }) => typeRange(sample)))
      throw new UserError(
        "Expected whole numbers for range=type, found floats, whose type has no range of its own; say which values become 0 and 1: --set range=0,1",
      );
    if (!alike && isOrdinary({ ...input, range: null, tiles }) && !facts.every(isUpTo16))
      throw new UserError(
        `Expected samples of one type, or of up to 16 bits without a sign, for range=type, found ${typeWords(types)} among ${facts.length} images; say which values become 0 and 1: --set range=LOW,HIGH`,
      );
    if (!alike) return { range: null, said: [...said, each] };
    return { range: repeat(type!, channels), said: [...said, `${types[0]![0]} samples: ${becomes(type!)}`] };
  }

  // Of files of 8 and of more bits, only the latter's values are in question.
  const values = await sampleValues(
    train,
    input,
    seed,
    (raster) =>
      facts.some(({ sample }) => sample.kind === raster.sample.kind && sample.bits === raster.sample.bits) &&
      (alike || !isShort(raster)),
  );
  if (values === null) return { range: null, said };
  const top = Math.max(...values.channels.map((channel) => (channel.count > 0 ? channel.quantile(ENDS[1]) : 0)));
  if (facts.every(isUpTo16)) {
    const deep = facts.filter((one) => !isShort(one));
    const isFull = top > 2 ** Math.max(...deep.map(({ sample }) => sample.bits)) / 4;
    if (!alike && !isFull && deep.length > (1 - MOST) * facts.length)
      throw new UserError(
        `Expected samples of one type, found ${typeWords(types)} among ${facts.length} images, and no value above ${words(top)}; write them as one type, or read each by all that its type can hold: --set range=type`,
      );
    if (!alike && !isFull)
      return {
        range: null,
        said: [...said, `${each}, of which these use no more than ${words(top)}: they are nearly black`],
      };
    if (!alike) return { range: null, said: [...said, each] };
    if (isFull)
      return {
        range: repeat(type!, channels),
        said: [
          ...said,
          `${types[0]![0]} samples: all that they can hold, ${becomes(type!)}; other: --set range=LOW,HIGH`,
        ],
      };
  }
  const ranges = values.channels.map((channel, k) => rangeOf(channel, k, input, values.images));
  const which =
    channels === 1
      ? ""
      : `, those of ${input.bands ? `band ${input.bands[0]}` : "the first band"}, and each other band's own,`;
  const [low, high] = ranges[0]!;
  const other = type ? "--set range=type or range=LOW,HIGH" : "--set range=LOW,HIGH";
  return {
    range: ranges,
    said: [
      ...said,
      `${typeWords(types)} samples: values ${words(low)} … ${words(high)}${which} become 0 … 1 (percentiles ${100 * ENDS[0]} and ${100 * ENDS[1]} of ${values.images} training ${tiles === null ? "images" : "tiles"}); other: ${other}`,
    ],
  };
}

function isUpTo16({ sample: { kind, bits } }: Facts): boolean {
  return kind === "uint" && bits <= 16;
}

function becomes([low, high]: readonly [number, number]): string {
  return `values ${words(low)} … ${words(high)} become 0 … 1`;
}

/** @throws {UserError} where no sample can reach the upper end */
function checkRange(facts: Facts[], range: readonly [number, number]): void {
  const tops = facts.map(({ sample }) => typeRange(sample)?.[1] ?? Number.POSITIVE_INFINITY);
  const top = Math.max(...tops);
  if (top < range[1])
    throw new UserError(
      `Expected a range that ends at ${words(top)} or before, which is all that these samples hold, got ${words(range[0])} … ${words(range[1])} for range`,
    );
}

/**
 * The images of the type that nearly all have; of all types where these are whole numbers of up to 16 bits, each of which may be taken by
 * its own.
 *
 * @throws {UserError} where there are several others
 */
function ofOneType(read: Facts[], setting: "auto" | "type"): { facts: Facts[]; said: string[] } {
  const types = tally(read, ({ sample }) => sampleWords(sample));
  if (types.length === 1 || read.every(isUpTo16) || setting === "type") return { facts: read, said: [] };
  const [most, count] = types[0]!;
  if (count < MOST * read.length)
    throw new UserError(
      `Expected samples of one type, found ${typeWords(types)} among ${read.length} images; write them as one, or say which values become 0 and 1: --set range=LOW,HIGH`,
    );
  const facts = read.filter(({ sample }) => sampleWords(sample) === most);
  return {
    facts,
    said: [
      `${read.length - count} of ${read.length} sampled images have other samples than the ${most} ones (${typeWords(types.slice(1))}) and may be skipped`,
    ],
  };
}

/** @throws {UserError} where there is nothing to tell images apart by */
function rangeOf(
  channel: Values,
  k: number,
  { bands, channels }: Pick<Input, "channels" | "bands">,
  images: number,
): readonly [number, number] {
  const band = bands?.[k] ?? k + 1;
  const mend =
    channels > 1 ? `choose others, as --set bands=${othersThan(band, channels)}` : "these are no images to learn from";
  if (channel.count === 0)
    throw new UserError(
      `Expected values in band ${band}, found none that is a number in ${images} training images; ${mend}`,
    );
  if (channel.least === channel.greatest)
    throw new UserError(
      `Expected band ${band} to vary, found ${words(channel.least)} alone in ${images} training images; ${mend}`,
    );
  const [low, high] = [channel.quantile(ENDS[0]), channel.quantile(ENDS[1])];
  // Nearly all are of one value, such as a mask's.
  return low < high ? [low, high] : [channel.least, channel.greatest];
}

function othersThan(band: number, channels: number): string {
  const all = Array.from({ length: channels }, (_, k) => k + 1).filter((other) => other !== band);
  return all.slice(0, 12).join(",");
}

function typeWords(types: [string, number][]): string {
  return types.length === 1 ? types[0]![0] : types.map(([words, count]) => `${count} × ${words}`).join(", ");
}

/** The same for each channel. */
export function repeat(range: readonly [number, number], channels: number): (readonly [number, number])[] {
  return Array.from({ length: channels }, () => range);
}
