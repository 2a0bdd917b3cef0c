// Which channels the images of a data set are read with: as many as they have, where they agree.
import { UserError } from "../base/errors.ts";
import { MOST_CHANNELS } from "../config/defaults.ts";
import type { Facts } from "./foreign/facts.ts";
import { hasPhotographsBands } from "./foreign/photograph.ts";
import { type Input, isOrdinary } from "./input.ts";
import type { InputSettings } from "./input-settings.ts";
import { MOST, tally } from "./tally.ts";

/** Images have fewer bands than the channels that were asked for. */
export class TooFewBands extends UserError {
  override name = "TooFewBands";
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

/** Chooses how many channels there are; `strays` are images of another kind than that. */
export function chooseChannels(
  facts: Facts[],
  { channels, bands }: InputSettings,
): { channels: number; said: string[]; strays: Facts[] } {
  if (bands) {
    const short = facts.find((one) => !hasBands(one, bands.length, bands));
    if (short && !facts.some((one) => hasBands(one, bands.length, bands)))
      throw new UserError(
        `Expected bands up to ${short.bands}, which these images have, got ${bands.join(",")} for bands`,
      );
    const which = bands.length === 1 ? `band ${bands[0]} is read` : `bands ${bands.join(", ")} are read, in this order`;
    return { channels: bands.length, said: [`${kinds(facts)}: ${which}`], strays: [] };
  }
  if (channels !== "auto") {
    if (!facts.some((one) => hasBands(one, channels, null)))
      throw new TooFewBands(
        `Expected images of ${channels} bands or more, as channels=${channels} asks for, found ${kinds(facts)}`,
      );
    const same = facts.every((one) => ownChannels(one) === channels);
    const some = facts.some(({ bands }) => bands > channels) && channels !== 1 && channels !== 3;
    const which = some ? `the first ${channels} bands are read` : `read as ${channelWords(channels)}`;
    return { channels, said: same && channels === 3 ? [] : [`${kinds(facts)}: ${which}`], strays: [] };
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
  if (chosen > MOST_CHANNELS)
    throw new UserError(
      `Expected images of at most ${MOST_CHANNELS} bands, found ${kinds(facts)}; choose some, as --set bands=1,2,3, or how many of the first, as --set channels=${MOST_CHANNELS}`,
    );
  const said: string[] = [];
  const fourth = facts.filter((one) => one.colour === "rgb" && extraOf(one) === 1 && one.opacity === null);
  if (chosen === 3 && fourth.length > 0)
    said.push(
      `${fourth.length === facts.length ? "The" : `${fourth.length} of ${facts.length} sampled`} images have a fourth band that nothing says to be opacity, such as near infrared: red, green and blue are read; all four: --set channels=4`,
    );
  else if (chosen === 1) said.push("gray images: one channel is read; as three equal ones: --set channels=3");
  else if (chosen !== 3) {
    const colours = facts.some((one) => one.colour === "rgb") ? " (red, green, blue and others)" : "";
    const some = colours !== "" ? "1,2,3" : chosen >= 3 ? "3,2,1" : "1";
    said.push(`${chosen} bands${colours}: all ${chosen} are read; some of them: --set bands=${some}`);
  }
  return { channels: chosen, said, strays: facts.filter((one) => !isReadAs(one, chosen)) };
}

/** What becomes of images of another kind, by how the others are read. */
export function strayWords(strays: Facts[], all: number, input: Input): string[] {
  const isRead = (one: Facts) =>
    isOrdinary(input) && input.tiles === null ? hasPhotographsBands(one) : hasBands(one, input.channels, null);
  const words = (some: Facts[], fate: string) =>
    some.length === 0 ? [] : [`${some.length} of ${all} sampled images are of another kind (${kinds(some)})${fate}`];
  return [
    ...words(
      strays.filter((one) => !isRead(one)),
      " and are skipped",
    ),
    ...words(strays.filter(isRead), ", of which the first bands are read; move them elsewhere if that is not meant"),
  ];
}

/** Whether an image can be read with so many channels, or with these bands. */
export function hasBands(facts: Facts, channels: number, bands: readonly number[] | null): boolean {
  if (bands) return Math.max(...bands) <= facts.bands;
  return facts.bands >= channels || (channels === 3 && facts.colour === "gray");
}

/** Whether an image can be read with so many channels and mean what the others do. */
export function isReadAs(facts: Facts, channels: number): boolean {
  const own = ownChannels(facts);
  return own === channels || (channels === 3 && own === 1);
}

function channelWords(channels: number): string {
  return channels === 1 ? "one channel" : `${channels} channels`;
}

/** "13 bands", "90 RGB, 110 gray". */
function kinds(facts: Facts[]): string {
  const counts = tally(facts, kindWords);
  return counts.length === 1 ? counts[0]![0] : counts.map(([words, count]) => `${count} × ${words}`).join(", ");
}
