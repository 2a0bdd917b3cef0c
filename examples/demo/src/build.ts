// The demo's data: twenty-four animals, each as drawn by Google (Noto Emoji, Apache-2.0) and by Twitter (Twemoji, CC BY 4.0), put at other
// places, in other sizes and colours in each image. The same drawings are on both sides: to know them again is the task.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ANIMALS } from "./animals.ts";
import { drawAnimal, EDGE, numbers } from "./draw.ts";

/** Images of a class on each side, half of them by each artist. */
export const COUNTS = { train: 100, val: 34 } as const;
type Side = keyof typeof COUNTS;

const ARTISTS = ["google", "twitter"] as const;
export type Artist = (typeof ARTISTS)[number];

/** How many images are drawn at once. */
const AT_ONCE = 4;
/** Counts up when images are drawn in another way, so that folders of before are made anew. */
const DRAWN = 3;

/** The file of an artist's drawing, a PNG of 64 × 64 pixels. */
export function drawingOf(artist: Artist, code: string): string {
  const folder = dirname(createRequire(import.meta.url).resolve(`emoji-datasource-${artist}/package.json`));
  return join(folder, "img", artist, "64", `${code.toLowerCase()}.png`);
}

/**
 * Writes the images as `train/CLASS/` and `val/CLASS/` below `folder`, with their credits in ATTRIBUTION.md; a folder that
 * is complete already is left as it is.
 *
 * @param tell called with how many of all images are there, after each
 * @param each how many images of a class lie on each side
 * @returns how many images lie on each side
 */
export async function buildAnimals(
  folder: string,
  tell: (done: number, total: number) => void = () => {},
  each: Record<Side, number> = COUNTS,
): Promise<{ train: number; val: number }> {
  const planned = plan(each);
  const count = (side: Side) => planned.filter((image) => image.side === side).length;
  const counts = { train: count("train"), val: count("val") };
  const credits = attribution(each);
  const done = join(folder, "ATTRIBUTION.md");
  if (existsSync(done) && readFileSync(done, "utf8") === credits) return counts;
  const fresh = `${folder}.tmp`;
  rmSync(fresh, { recursive: true, force: true });
  const left = planned.values();
  let drawn = 0;
  const draw = async (): Promise<void> => {
    for (const { side, name, artist, file } of left) {
      const target = join(fresh, side, name);
      mkdirSync(target, { recursive: true });
      const image = await drawAnimal(drawingOf(artist, ANIMALS[name]!), numbers(`${side} ${name} ${file}`));
      writeFileSync(join(target, file), image);
      tell(++drawn, planned.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, draw));
  writeFileSync(join(fresh, "ATTRIBUTION.md"), credits);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return counts;
}

/** Every image that is to be drawn. */
function plan(each: Record<Side, number>): { side: Side; name: string; artist: Artist; file: string }[] {
  return (["train", "val"] as const).flatMap((side) =>
    Object.keys(ANIMALS).flatMap((name) =>
      Array.from({ length: each[side] }, (_, i) => {
        const artist = ARTISTS[i % ARTISTS.length]!;
        return { side, name, artist, file: `${String(i).padStart(3, "0")}-${artist}.png` };
      }),
    ),
  );
}

function attribution(each: Record<Side, number>): string {
  const content = createHash("sha256")
    .update(JSON.stringify([ANIMALS, each, EDGE, DRAWN]))
    .digest("hex");
  return `# Credits

The drawings in this folder were made by others. Here they are smaller, moved, turned in hue, some of them mirrored, and put on
plain grounds:

- \`*-google.png\`: Noto Emoji, © Google LLC, Apache License 2.0, https://github.com/googlefonts/noto-emoji
- \`*-twitter.png\`: Twemoji, © Twitter, Inc and other contributors, Creative Commons Attribution 4.0 (CC BY 4.0),
  https://creativecommons.org/licenses/by/4.0/, https://github.com/jdecked/twemoji

They come by way of the npm packages emoji-datasource-google and emoji-datasource-twitter 16.0.0 (Cal Henderson, MIT).
Each of ${Object.keys(ANIMALS).length} animals is there as both artists drew it. The same ${ARTISTS.length * Object.keys(ANIMALS).length} drawings lie in train and in val, at other places,
in other sizes and colours: to know them again is the task.

Contents ${content.slice(0, 16)}
`;
}
