// Preset `auto`: settings that fit the images and the machine, chosen from a few facts by rules that are written down here and in the
// methods' own `fit`; docs/presets.md says which of them have been measured.
import { parseDuration } from "../base/duration.ts";
import type { Config } from "../config/common.ts";
import type { Settings } from "../config/settings.ts";
import { isVit } from "../encoders/facts.ts";
import type { About, Choice, Facts } from "./about.ts";
import type { MeasuredMethod } from "./measured-method.ts";
import { MEASURED } from "./measured-rows.ts";
import { AUTO, presetOf } from "./presets.ts";

/** What was chosen: settings over those of `small`, and a line each for people. */
export interface Fitted {
  settings: Settings;
  /** "size 64: …", in the order of choice; what may come of it begins with "warning: ". */
  reasons: string[];
}

/** Operations of a training that nothing says the length of: ten minutes at 0.2 · 10¹² a second, as two cores did; of a GPU an estimate. */
const OPERATIONS = { cpu: 1.2e14, gpu: 2e16 } as const;
/** What those are on two cores. */
const MINUTES = 10;
/** So many times as long as the table's trainings, nobody has measured what a method that did not learn in these comes to. */
const TOLD_BY_TABLE = 4;
/** Edge in pixels at which encoders of images that have as many are evaluated. */
const LARGE_EVALUATION = 160;
/** Passes over the images at most: beyond that little is gained. */
const MOST_EPOCHS = { cpu: 200, gpu: 400 } as const;

/**
 * The settings that a method should have for these images.
 *
 * @param given what the user has set, which stays as it is, and to which the rest should fit
 * @param table what methods have come to; by default the table that comes with unlabel
 */
export function fit(about: About, facts: Facts, given: Settings, table: readonly MeasuredMethod[] = MEASURED): Fitted {
  const own = [...(about.fit?.(facts, given) ?? []), ...evaluationFor(about, facts, given), batchFor(about, facts)];
  const choices = [...own, ...lengthFor(about, facts, given, own), ...slowness(about, facts, given, own, table)];
  const reasons = choices.flatMap((choice) => reasonsOf(choice, given));
  return { settings: merged(choices), reasons };
}

function merged(choices: readonly Choice[]): Settings {
  return Object.assign({}, ...choices.map(({ settings }) => settings)) as Settings;
}

/** What the user has set is not said to have been chosen. */
function reasonsOf({ settings, why, warning }: Choice, given: Settings): string[] {
  const chosen = Object.entries(settings).filter(([key]) => !(key in given));
  const words = chosen.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ");
  return [...(words === "" ? [] : [`${words}: ${why}`]), ...(warning === undefined ? [] : [`warning: ${warning}`])];
}

/** Images with more detail than `small` looks at when it evaluates are looked at larger; of ViTs, which have a size that they know, never. */
function evaluationFor(about: About, { side }: Facts, given: Settings): Choice[] {
  const { encoder, eval_size: usual } = { ...presetOf(about, AUTO), ...given } as Config;
  if ("size" in given || usual === null || usual >= LARGE_EVALUATION || side < LARGE_EVALUATION || isVit(encoder))
    return [];
  const why = "images larger than those trained on tell a linear probe more, and cost more to encode";
  return [{ settings: { eval_size: LARGE_EVALUATION }, why }];
}

/** No batch may be larger than the images are many, and an epoch should have a few. */
function batchFor({ presets }: About, { images, device }: Facts): Choice {
  const usual = device === "gpu" ? 256 : Number(presets.small?.batch);
  const most = Math.max(2, Math.floor(images / 4));
  const why = device === "gpu" ? "a GPU works best on many at once" : "small batches make many steps in a short time";
  return most < usual
    ? { settings: { batch: most }, why: `${images} images make few batches` }
    : { settings: { batch: usual }, why };
}

/** As many epochs as a fixed amount of arithmetic is, whatever the method: all get about the same time. */
function lengthFor(
  about: About,
  { images, device, channels }: Facts,
  given: Settings,
  own: readonly Choice[],
): Choice[] {
  if (given.epochs != null || given.steps != null || given.budget != null) return [];
  const config = { ...presetOf(about, AUTO), ...merged(own), channels, ...given } as Config;
  const seen = OPERATIONS[device] / about.flops(config);
  const batches = Math.max(1, Math.floor(images / Number(config.batch)));
  const room = Math.max(1, Math.round(seen / (batches * Number(config.batch))));
  const epochs = Math.min(room, MOST_EPOCHS[device]);
  const why =
    epochs < room
      ? "more passes over so few images teach little more"
      : `some ten minutes on ${device === "cpu" ? "two cores" : "a large GPU, as estimated"}; --budget 1h or --epochs ask for more`;
  return [{ settings: { epochs, warmup_epochs: Math.min(Number(config.warmup_epochs), 0.1 * epochs) }, why }];
}

/** A warning where the method's encoder stood no higher in the table than where it began, and this training is about as short. */
function slowness(
  about: About,
  facts: Facts,
  given: Settings,
  own: readonly Choice[],
  table: readonly MeasuredMethod[],
): Choice[] {
  const { encoder } = { ...presetOf(about, AUTO), ...given } as Config;
  const row = table.find((one) => one.method === about.name && isVit(one.encoder) === isVit(encoder));
  // Weights from elsewhere begin higher than those of the table did.
  if (!row || row.linear > row.initial || facts.device !== "cpu" || given.init != null) return [];
  if (minutesOf(about, facts, given, own) > TOLD_BY_TABLE * row.minutes) return [];
  const first = table.toSorted((a, b) => b.linear - a.linear)[0]!;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const warning = `${about.title} may need longer: after ${row.minutes} minutes on photographs (Imagenette) its ${row.encoder} stood at ${percent(row.linear)} by linear probe, and the weights that it began with at ${percent(row.initial)}; --method ${first.method} stood at ${percent(first.linear)}`;
  return [{ settings: {}, why: "", warning }];
}

/** About as many as a training takes on two cores. */
function minutesOf(about: About, { images, channels }: Facts, given: Settings, own: readonly Choice[]): number {
  const { budget, steps, epochs } = given;
  if (budget != null) return Number(parseDuration(String(budget))) / 60;
  if (steps == null && epochs == null) return MINUTES;
  const config = { ...presetOf(about, AUTO), ...merged(own), channels, ...given } as Config;
  const seen = steps == null ? Number(epochs) * images : Number(steps) * Number(config.batch);
  return (MINUTES * seen * about.flops(config)) / OPERATIONS.cpu;
}
