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

/** The methods that a word stands for. @param backbone one encoder for all, which leaves out those that cannot train it; those that need a teacher are left out, too */
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
  const taught = known.filter(({ teacher }) => teacher);
  const unable = known.filter(
    (about) => !taught.includes(about) && backbone !== null && !about.encoders.includes(backbone),
  );
  const able = known.filter((about) => !taught.includes(about) && !unable.includes(about));
  const titles = (some: readonly About[]) => list(some.map(({ title }) => title));
  const without = [
    ...(taught.length > 0 ? [`${titles(taught)}, which needs a teacher`] : []),
    ...(unable.length > 0 ? [`${titles(unable)}, which cannot train ${backbone}`] : []),
  ];
  return {
    methods: able.map(({ name }) => name),
    asked: { word, why: `all that there are${without.length > 0 ? ` but ${without.join("; ")}` : ""}` },
  };
}
