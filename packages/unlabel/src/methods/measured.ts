// Which methods to take where nobody says: those that the measured table puts first (`npm run bench -- methods`). Imports neither zod nor LibTorch.
import { abouts } from "./abouts.ts";
import type { MeasuredMethod } from "./measured-method.ts";
import { MEASURED } from "./measured-rows.ts";

/** A choice of methods, and where it comes from in words. */
export interface ChosenMethods {
  /** Names, the first one first. */
  methods: string[];
  /** "of the measured table: …". */
  why: string;
}

/** How many `auto` takes. */
const TAKEN = 3;

/** What is known of images before methods are chosen. */
export interface ImagesInView {
  /** Channels as the network sees them; `auto` or absent where nobody has looked. */
  channels?: number | "auto";
}

/**
 * The three methods that the table puts first. It is of photographs: of images with other channels nothing has been measured, and the words say so.
 *
 * @param table by default the one that comes with unlabel
 */
export function autoMethods(images: ImagesInView = {}, table: readonly MeasuredMethod[] = MEASURED): ChosenMethods {
  const known = new Set(abouts().map(({ name }) => name));
  const { channels = 3 } = images;
  const rows = table.filter(({ method }) => known.has(method)).sort((a, b) => b.linear - a.linear);
  const best = rows.filter(({ method }, i) => rows.findIndex((row) => row.method === method) === i).slice(0, TAKEN);
  const shown = best.map(({ method, linear, encoder }) => `${method} ${(100 * linear).toFixed(1)} % with ${encoder}`);
  const first = `the first ${best.length} of the measured table, after ${best[0]?.minutes} minutes on photographs (Imagenette): ${shown.join(", ")}`;
  const isSuch = channels === 3 || channels === "auto";
  return {
    methods: best.map(({ method }) => method),
    why: isSuch ? first : `nothing has been measured of ${channels} channels, so these are ${first}`,
  };
}

/** The method where nobody asks for one: the first of those. */
export function firstMethod(table: readonly MeasuredMethod[] = MEASURED): string {
  return autoMethods({}, table).methods[0]!;
}
