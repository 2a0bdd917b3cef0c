// Which methods a comparison is of, where it was not told by name: all of them, or those that the measured table puts first.
import type { About } from "../methods/about.ts";
import { abouts } from "../methods/abouts.ts";
import { autoMethods, type ImagesInView } from "../methods/measured.ts";
import { list } from "../page/format.ts";

/** In place of names: every method that there is, or the three that the measured table puts first for such images. */
export type MethodsWord = "all" | "auto";

/** What stood in place of names, and what came of it. */
export interface AskedMethods {
  /** The word that was given. */
  word: MethodsWord;
  /** Where the list comes from: "the first 3 of the measured table, …". */
  why: string;
}

/** The methods that a word stands for. @param backbone one encoder for all, which leaves out those that cannot train it */
export function methodsOf(
  word: MethodsWord,
  backbone: string | null,
  images: ImagesInView = {},
): { methods: string[]; asked: AskedMethods } {
  if (word === "auto") {
    const { methods, why } = autoMethods(images);
    return { methods, asked: { word, why } };
  }
  const known: readonly About[] = abouts();
  const able = known.filter(({ encoders }) => backbone === null || encoders.includes(backbone));
  const left = known.filter((about) => !able.includes(about)).map(({ title }) => title);
  const without = left.length > 0 ? ` but ${list(left)}, which cannot train ${backbone}` : "";
  return { methods: able.map(({ name }) => name), asked: { word, why: `all that there are${without}` } };
}
