// How the images of a data set become the network's input: by their headers, and for values by the values of some. What is chosen is
// said, kept with the run, and never chosen again.
import { chooseChannels, hasBands, isReadAs, strayWords } from "./choose-channels.ts";
import { chooseRange, repeat } from "./choose-range.ts";
import { isDescribed } from "./described.ts";
import type { Split } from "./folder.ts";
import { type Facts, factsOf } from "./foreign/facts.ts";
import { imagesOf } from "./images.ts";
import { type Input, PHOTOGRAPHS } from "./input.ts";
import { checkSettings, type InputSettings } from "./input-settings.ts";
import { spreadSample } from "./sample.ts";

export type { InputSettings } from "./input-settings.ts";

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
  const { channels, said, strays } = chooseChannels(facts, settings);
  const bands = settings.bands;
  // Those that are skipped for their bands have no say in the values.
  const read = facts.filter(
    (one) => hasBands(one, channels, bands) && (bands || settings.channels !== "auto" || isReadAs(one, channels)),
  );
  const { range, said: saidOfRange } = await chooseRange(train, read, { channels, bands }, settings, seed);
  const pages = facts.filter((one) => one.pages).length;
  const input: Input = { channels, bands, range, tiles: settings.tiles };
  const readings = [...said, ...strayWords(strays, facts.length, input), ...saidOfRange];
  if (pages > 0)
    readings.push(
      `${pages} of ${facts.length} sampled files hold several images: the first of each is read; for all: tiffsplit IN.tif`,
    );
  return { input, readings };
}

/** Headers of a split that is not learnt from. */
const FEWER = 32;

/** A sentence on images of val that cannot be read as those of train are; null where there are none among some. */
export async function strangersIn(val: Split, { channels, bands }: Input, seed: number): Promise<string | null> {
  const facts = await headersOf(val, seed, FEWER);
  const strangers = facts.filter((one) => !hasBands(one, channels, bands));
  if (strangers.length === 0) return null;
  return `${strangers.length} of ${facts.length} sampled images of val have fewer bands than those of train are read with (${strangers[0]!.bands}), and are skipped`;
}

/** Where no image can be read: what is set, and why they cannot be read whoever reads them says. */
function byHand({ channels, bands, range, tiles }: InputSettings): Input {
  const count = channels === "auto" ? (bands?.length ?? PHOTOGRAPHS.channels) : channels;
  return { channels: count, bands, range: typeof range === "string" ? null : repeat(range, count), tiles };
}

/** What the headers of some images say; those that cannot be read are left out. */
async function headersOf(split: Split, seed: number, most = HEADERS): Promise<Facts[]> {
  const sample = spreadSample(split, most, seed);
  const found: Facts[] = [];
  for (let start = 0; start < sample.items.length; start += AT_ONCE) {
    const items = sample.items.slice(start, start + AT_ONCE).map((item) => ({ ...item, tile: undefined }));
    const images = await imagesOf({ ...sample, input: undefined }, items);
    const facts = await Promise.all(
      images.map((image) => (isDescribed(image) ? null : factsOf(image).catch(() => null))),
    );
    found.push(...facts.flatMap((one) => (one ? [one] : [])));
  }
  return found;
}
