// Preset `auto`: settings that fit the images and the machine, chosen from a few facts by rules that are written down here and in the
// methods' own `fit`. The rules were found on parts held out from train; docs/presets.md has what was measured.
import type { Settings } from "../config/settings.ts";
import type { About, Choice, Facts } from "./about.ts";

/** What was chosen: settings over those of `small`, and a line each for people. */
export interface Fitted {
  settings: Settings;
  /** "size 64: …", in the order of choice. */
  reasons: string[];
}

/** Images that training sees at least and at most where nothing says how long it should be. */
const SEEN = { cpu: [40_000, 120_000], gpu: [400_000, 10_000_000] } as const;
/** Passes that images are worth where there is time. */
const EPOCHS = { cpu: 40, gpu: 200 } as const;

/**
 * The settings that a method should have for these images.
 *
 * @param given what the user has set, which stays as it is, and to which the rest should fit
 */
export function fit(about: About, facts: Facts, given: Settings): Fitted {
  const choices = [...(about.fit?.(facts, given) ?? []), batchFor(about, facts)];
  const merged = (all: readonly Choice[]) => Object.assign({}, ...all.map(({ settings }) => settings)) as Settings;
  const batch = Number(given.batch ?? merged(choices).batch ?? about.presets.small?.batch);
  const all = [...choices, ...lengthFor(facts, given, batch)];
  return { settings: merged(all), reasons: all.flatMap((choice) => reasonOf(choice, given)) };
}

/** What the user has set is not said to have been chosen. */
function reasonOf({ settings, why }: Choice, given: Settings): string[] {
  const chosen = Object.entries(settings).filter(([key]) => !(key in given));
  if (chosen.length === 0) return [];
  return [`${chosen.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ")}: ${why}`];
}

/** No batch may be larger than the images are many; a few of them at least make an epoch. */
function batchFor({ presets }: About, { images, device }: Facts): Choice {
  const usual = device === "gpu" ? 256 : Number(presets.small?.batch);
  const most = Math.max(2, Math.floor(images / 4));
  const settings = { batch: Math.min(usual, most, Math.max(1, images)) };
  return most < usual
    ? { settings, why: `${images} images make few batches` }
    : {
        settings,
        why: device === "gpu" ? "a GPU works best on many at once" : "small batches, many steps: the time is short",
      };
}

function lengthFor({ images, device }: Facts, given: Settings, batch: number): Choice[] {
  if (given.epochs != null || given.steps != null || given.budget != null) return [];
  const [least, most] = SEEN[device];
  const usual = EPOCHS[device] * images;
  const seen = Math.min(most, Math.max(least, usual));
  const perEpoch = Math.max(1, Math.floor(images / batch)) * batch;
  const epochs = Math.max(1, Math.round(seen / perEpoch));
  const why =
    usual < least
      ? "few images are looked at the more often"
      : usual > most
        ? `some ${Math.round(seen / 1000)},000 looks at images are what ${device === "cpu" ? "minutes on a CPU" : "a night on a GPU"} allow${device === "cpu" ? "; ask for more with --budget 1h" : ""}`
        : "beyond that little is gained";
  return [{ settings: { epochs }, why }];
}
