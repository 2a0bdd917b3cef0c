// How the images of a data set become the network's input: by their headers, and for values by the values of some. What is chosen is
// said, kept with the run, and never chosen again.
import { UsageError, UserError } from "../base/errors.ts";
import type { Split } from "./folder.ts";
import { type Facts, factsOf } from "./foreign/facts.ts";
import { sampleWords, typeRange } from "./foreign/samples.ts";
import { imagesOf } from "./images.ts";
import { type Input, PHOTOGRAPHS } from "./input.ts";
import { sampleValues, type Values } from "./range.ts";
import { spreadSample } from "./sample.ts";

/** What people set; see docs/data.md. */
export interface InputSettings {
  /** Channels of the network's input; `auto`: as many as the files have. */
  channels: "auto" | number;
  /** Bands of a file, counted from 1, one a channel; null: the first ones. */
  bands: readonly number[] | null;
  /** `auto`; `type`: all that a file's type can hold; or the values that become 0 and 1. */
  range: "auto" | "type" | readonly [low: number, high: number];
  /** Side in pixels of the tiles that images are cut into; null: whole images. */
  tiles: number | null;
}

/** What was chosen, and how people may know and change it. */
export interface Chosen {
  /** The choice. */
  input: Input;
  /** A sentence each; none where images are read as photographs are. */
  readings: string[];
}

/** Headers that are looked at. */
const HEADERS = 200;
/** Headers read at once. */
const AT_ONCE = 16;
/** The share of images that decides where a few are of another kind; those are skipped, and said. */
const MOST = 0.9;
/** Percentiles that become 0 and 1. */
const ENDS = [0.001, 0.999] as const;

/**
 * Chooses how the images of a data set are read.
 *
 * @throws {UsageError} where settings contradict each other
 * @throws {UserError} where images differ so that one reading would not do, or a band has but one value
 */
export async function chooseInput(train: Split, settings: InputSettings, seed: number): Promise<Chosen> {
  checkSettings(settings);
  const facts = await headersOf(train, seed);
  if (facts.length === 0) return { input: byHand(settings), readings: [] };
  const { channels, said } = chooseChannels(facts, settings);
  const bands = settings.bands;
  // Those that are skipped for their bands have no say in the values.
  const read = facts.filter(
    (one) => hasBands(one, channels, bands) && (bands || settings.channels !== "auto" || isReadAs(one, channels)),
  );
  const { range, said: saidOfRange } = await chooseRange(train, read, { channels, bands }, settings, seed);
  const pages = facts.filter((one) => one.pages).length;
  const readings = [...said, ...saidOfRange];
  if (pages > 0)
    readings.push(
      `${pages} of ${facts.length} sampled files hold several images: the first of each is read; for all: tiffsplit IN.tif`,
    );
  return { input: { channels, bands, range, tiles: settings.tiles }, readings };
}

function checkSettings({ channels, bands, range, tiles }: InputSettings): void {
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  if (channels !== "auto" && !isCount(channels))
    throw new UsageError(`Expected auto or a whole number from 1 for channels, got ${channels}`);
  if (bands && (bands.length === 0 || !bands.every(isCount)))
    throw new UsageError(`Expected bands counted from 1 for bands, such as 4,3,2, got ${bands.join(",") || "none"}`);
  if (bands && channels !== "auto" && bands.length !== channels)
    throw new UsageError(
      `Expected as many bands as channels, got ${bands.length} bands and channels ${channels}; set one of them`,
    );
  if (typeof range !== "string" && !(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1]))
    throw new UsageError(`Expected two values for range, the lower first, such as 0,4095, got ${range.join(",")}`);
  if (tiles !== null && !isCount(tiles)) throw new UsageError(`Expected a whole number from 1 for tiles, got ${tiles}`);
}

/** Where no image can be read: what is set, and why they cannot be read whoever reads them says. */
function byHand({ channels, bands, range, tiles }: InputSettings): Input {
  const count = channels === "auto" ? (bands?.length ?? PHOTOGRAPHS.channels) : channels;
  return { channels: count, bands, range: typeof range === "string" ? null : repeat(range, count), tiles };
}

function repeat(range: readonly [number, number], channels: number): (readonly [number, number])[] {
  return Array.from({ length: channels }, () => range);
}

/** What the headers of some images say; those that cannot be read are left out. */
async function headersOf(train: Split, seed: number): Promise<Facts[]> {
  const sample = spreadSample(train, HEADERS, seed);
  const found: Facts[] = [];
  for (let start = 0; start < sample.items.length; start += AT_ONCE) {
    const items = sample.items.slice(start, start + AT_ONCE).map((item) => ({ ...item, tile: undefined }));
    const images = await imagesOf({ ...sample, input: undefined }, items);
    const facts = await Promise.all(
      images.map((image) => (typeof image === "object" && "file" in image ? null : factsOf(image).catch(() => null))),
    );
    found.push(...facts.flatMap((one) => (one ? [one] : [])));
  }
  return found;
}

/** Extra bands that nothing says to be opacity. */
function extraOf({ colour, bands, opacity }: Facts): number {
  if (colour === "none") return 0;
  return bands - (colour === "rgb" ? 3 : 1) - (opacity === null ? 0 : 1);
}

/** The channels that an image has by itself. */
function ownChannels(facts: Facts): number {
  const extra = extraOf(facts);
  if (facts.colour === "rgb") return extra === 0 || (extra === 1 && facts.opacity === null) ? 3 : facts.bands;
  return facts.colour === "gray" && extra === 0 ? 1 : facts.bands;
}

/** "RGB", "RGB and one band", "gray", "13 bands". */
function kindWords(facts: Facts): string {
  const channels = ownChannels(facts);
  if (facts.colour === "rgb" && channels === 3) return extraOf(facts) === 1 ? "RGB and one band" : "RGB";
  return facts.colour === "gray" && channels === 1 ? "gray" : `${facts.bands} bands`;
}

function chooseChannels(facts: Facts[], { channels, bands }: InputSettings): { channels: number; said: string[] } {
  if (bands) {
    const short = facts.find((one) => !hasBands(one, bands.length, bands));
    if (short && !facts.some((one) => hasBands(one, bands.length, bands)))
      throw new UserError(
        `Expected bands up to ${short.bands}, which these images have, got ${bands.join(",")} for bands`,
      );
    return { channels: bands.length, said: [`${kinds(facts)}: bands ${bands.join(", ")} are read, in this order`] };
  }
  if (channels !== "auto") {
    if (!facts.some((one) => hasBands(one, channels, null)))
      throw new UserError(
        `Expected images of ${channels} bands or more, as channels=${channels} asks for, found ${kinds(facts)}`,
      );
    const same = facts.every((one) => ownChannels(one) === channels);
    return { channels, said: same && channels === 3 ? [] : [`${kinds(facts)}: read as ${channelWords(channels)}`] };
  }

  const counts = tally(facts, ownChannels);
  const [first, second] = counts;
  let chosen = first![0];
  if (second && first![1] < MOST * facts.length) {
    const isColour = counts.every(([count]) => count === 1 || count === 3);
    if (!isColour)
      throw new UserError(
        `Expected images of one kind, found ${kinds(facts)} among ${facts.length}; choose bands that all have, as --set bands=1, or how many of the first, as --set channels=${Math.min(...facts.map((one) => one.bands))}`,
      );
    chosen = 3;
  } else if (second && chosen === 1 && counts.some(([count]) => count === 3)) {
    // A few in colour among gray ones: all are read in colour, and none is lost.
    chosen = 3;
  }
  const said: string[] = [];
  const fourth = facts.filter((one) => one.colour === "rgb" && extraOf(one) === 1 && one.opacity === null);
  if (chosen === 3 && fourth.length > 0)
    said.push(
      `${fourth.length === facts.length ? "The" : `${fourth.length} of ${facts.length} sampled`} images have a fourth band that nothing says to be opacity, such as near infrared: red, green and blue are read; all four: --set channels=4`,
    );
  else if (chosen === 1) said.push("gray images: one channel is read; as three equal ones: --set channels=3");
  else if (chosen !== 3) {
    const colours = facts.some((one) => one.colour === "rgb") ? " (red, green, blue and others)" : "";
    const some = chosen >= 3 ? "3,2,1" : "1";
    said.push(`${chosen} bands${colours}: all ${chosen} are read; some of them: --set bands=${some}`);
  }
  const strays = facts.filter((one) => !isReadAs(one, chosen));
  if (strays.length > 0)
    said.push(
      `${strays.length} of ${facts.length} sampled images are of another kind (${kinds(strays)}) and are skipped`,
    );
  return { channels: chosen, said };
}

/** Whether an image can be read with so many channels, or with these bands. */
function hasBands(facts: Facts, channels: number, bands: readonly number[] | null): boolean {
  if (bands) return Math.max(...bands) <= facts.bands;
  return facts.bands >= channels || (channels === 3 && facts.colour === "gray");
}

/** Whether an image can be read with so many channels and mean what the others do. */
function isReadAs(facts: Facts, channels: number): boolean {
  const own = ownChannels(facts);
  return own === channels || (channels === 3 && own === 1);
}

function channelWords(channels: number): string {
  return channels === 1 ? "one channel" : `${channels} channels`;
}

/** Values and how often each occurs, the most frequent first. */
function tally<T>(facts: Facts[], of: (one: Facts) => T): [value: T, count: number][] {
  const counts = new Map<T, number>();
  for (const one of facts) counts.set(of(one), (counts.get(of(one)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** "13 bands", "90 RGB, 110 gray". */
function kinds(facts: Facts[]): string {
  const counts = tally(facts, kindWords);
  return counts.length === 1 ? counts[0]![0] : counts.map(([words, count]) => `${count} ${words}`).join(", ");
}

type Ranges = Input["range"];

async function chooseRange(
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
  return types.length === 1 ? types[0]![0] : types.map(([words, count]) => `${count} ${words}`).join(", ");
}

/** A value for people: whole numbers with commas, others to four digits. */
function words(value: number): string {
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(4));
  return rounded.toLocaleString("en", { maximumFractionDigits: 12 });
}
