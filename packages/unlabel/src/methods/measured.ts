// Which methods to take where nobody says: those that the measured table puts first for such images (`npm run bench -- methods`), and a stated list
// where it has none. Imports neither zod nor LibTorch.
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

/** What is taken where nothing has been measured: what others report of short trainings of small ResNets, the best first. */
export const UNMEASURED = ["simclr", "swav", "byol", "lejepa"] as const;

/** What is known of images before methods are chosen. */
export interface ImagesInView {
  /** Channels as the network sees them; `auto` or absent where nobody has looked. */
  channels?: number | "auto";
}

/** The three methods that the table puts first for such images. @param table by default the one that comes with unlabel */
export function autoMethods(images: ImagesInView = {}, table: readonly MeasuredMethod[] = MEASURED): ChosenMethods {
  const known = new Set(abouts().map(({ name }) => name));
  const { channels = 3 } = images;
  const such = table.filter(({ method }) => known.has(method) && (channels === 3 || channels === "auto"));
  const best = [...new Set(such.toSorted((a, b) => b.linear - a.linear).map(({ method }) => method))].slice(0, TAKEN);
  if (best.length === TAKEN) {
    const shown = best.map((method) => {
      const { linear, encoder } = such.filter((row) => row.method === method).sort((a, b) => b.linear - a.linear)[0]!;
      return `${method} ${(100 * linear).toFixed(1)} % with ${encoder}`;
    });
    const { minutes } = such[0]!;
    return {
      methods: best,
      why: `the first ${TAKEN} of the measured table, after ${minutes} minutes on photographs (Imagenette): ${shown.join(", ")}`,
    };
  }
  const lacking =
    table.length === 0 ? "no table has been measured yet" : `the measured table has no row of ${channels} channels`;
  const methods = UNMEASURED.filter((method) => known.has(method)).slice(0, TAKEN);
  return { methods, why: `${lacking}, so these stand for it: ${methods.join(", ")} (docs/compare.md says why)` };
}

/** The method where nobody asks for one: the first of those. */
export function firstMethod(table: readonly MeasuredMethod[] = MEASURED): string {
  return autoMethods({}, table).methods[0]!;
}
