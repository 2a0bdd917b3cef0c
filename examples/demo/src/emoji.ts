// The demo's data: 1,906 emoji in 20 classes, each as drawn by Google (Noto, Apache-2.0) and by Twitter (Twemoji, CC BY 4.0).
// Split by emoji: variants of one emoji, and emoji with the same drawing, are all trained on or all tested on.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { CLASSES, KIN, PEOPLE, VARIANTS } from "./classes.ts";

const VENDORS = ["google", "twitter"] as const;
type Vendor = (typeof VENDORS)[number];

/** Share of each class's emoji that is tested on. */
const VAL_SHARE = 0.25;

/** What this module reads of an entry in emoji.json. */
interface Entry {
  name: string;
  unified: string;
  image: string;
  subcategory: string;
}

export interface Emoji {
  name: string;
  /** Code points in hexadecimal, joined by `-`. */
  code: string;
  class: string;
  split: "train" | "val";
  /** Emoji of the same group are on the same side of the split. */
  group: string;
  /** The drawings, PNG files of 64 × 64 pixels. */
  files: Record<Vendor, string>;
}

/** All emoji of the demo with their class and side, the same on every machine. */
export function listEmoji(): Emoji[] {
  const folders = { google: packageFolder("google"), twitter: packageFolder("twitter") };
  const entries = JSON.parse(readFileSync(join(folders.google, "emoji.json"), "utf8")) as Entry[];
  const classOf = new Map(Object.entries(CLASSES).flatMap(([name, parts]) => parts.map((part) => [part, name])));
  const emoji = entries.flatMap((entry) => {
    const name = classOf.get(entry.subcategory);
    if (name === undefined) return [];
    const file = (vendor: Vendor) => join(folders[vendor], "img", vendor, "64", entry.image);
    const files = { google: file("google"), twitter: file("twitter") };
    return [{ name: entry.name, code: entry.unified, class: name, files, group: "", split: "train" as const }];
  });
  return split(group(emoji));
}

/**
 * Writes the images as `train/CLASS/` and `val/CLASS/` below `folder`, with their credits in ATTRIBUTION.md; a folder that
 * is complete already is left as it is.
 *
 * @returns how many images lie on each side
 */
export function buildEmoji(folder: string): { train: number; val: number } {
  const emoji = listEmoji();
  const count = (side: Emoji["split"]) => VENDORS.length * emoji.filter(({ split }) => split === side).length;
  const credits = attribution(emoji);
  const done = join(folder, "ATTRIBUTION.md");
  if (!existsSync(done) || readFileSync(done, "utf8") !== credits) {
    const fresh = `${folder}.tmp`;
    rmSync(fresh, { recursive: true, force: true });
    for (const { split, class: name, code, files } of emoji) {
      const target = join(fresh, split, name);
      mkdirSync(target, { recursive: true });
      for (const vendor of VENDORS) copyFileSync(files[vendor], join(target, `${code.toLowerCase()}-${vendor}.png`));
    }
    writeFileSync(join(fresh, "ATTRIBUTION.md"), credits);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  }
  return { train: count("train"), val: count("val") };
}

/** What an emoji shows once variants are taken away: `1F469-200D-1F33E` (woman farmer) becomes `P-1F33E`. */
export function baseOf(code: string): string {
  const parts = code.split("-").filter((part) => !VARIANTS.has(part));
  const base = parts.map((part) => (PEOPLE.has(part) ? "P" : part)).join("-");
  return KIN.find((family) => family.includes(base))?.[0] ?? base;
}

/** Joins emoji of one base, and emoji of which some vendor made the same file. */
function group(emoji: Emoji[]): Emoji[] {
  const parent = new Map<string, string>();
  const root = (key: string): string => {
    const up = parent.get(key) ?? key;
    return up === key ? key : root(up);
  };
  for (const one of emoji) {
    const drawings = VENDORS.map((vendor) =>
      createHash("sha256").update(readFileSync(one.files[vendor])).digest("hex"),
    );
    for (const drawing of drawings) parent.set(root(drawing), root(baseOf(one.code)));
  }
  return emoji.map((one) => ({ ...one, group: root(baseOf(one.code)) }));
}

/** Sends groups to the test side, in an order that only their hash decides, while none of their classes has its share there. */
function split(emoji: Emoji[]): Emoji[] {
  const total = tally(emoji);
  const groups = new Map<string, Emoji[]>();
  for (const one of emoji) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const hash = (key: string) => createHash("sha256").update(key).digest("hex");
  const val = new Set<string>();
  const taken = new Map<string, number>();
  for (const key of [...groups.keys()].sort((a, b) => (hash(a) < hash(b) ? -1 : 1))) {
    const sizes = tally(groups.get(key)!);
    const fits = [...sizes].every(
      ([name, n]) => (taken.get(name) ?? 0) + n <= Math.round(VAL_SHARE * total.get(name)!),
    );
    if (!fits) continue;
    val.add(key);
    for (const [name, n] of sizes) taken.set(name, (taken.get(name) ?? 0) + n);
  }
  return emoji.map((one) => ({ ...one, split: val.has(one.group) ? "val" : "train" }));
}

function tally(emoji: Emoji[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of emoji) counts.set(one.class, (counts.get(one.class) ?? 0) + 1);
  return counts;
}

function packageFolder(vendor: Vendor): string {
  return dirname(createRequire(import.meta.url).resolve(`emoji-datasource-${vendor}/package.json`));
}

function attribution(emoji: Emoji[]): string {
  const content = createHash("sha256");
  for (const { code, class: name, split } of emoji) content.update(`${split} ${name} ${code}\n`);
  return `# Credits

The images in this folder were made by others, and are unchanged but for their names and places:

- \`*-google.png\`: Noto Emoji, © Google LLC, Apache License 2.0, https://github.com/googlefonts/noto-emoji
- \`*-twitter.png\`: Twemoji, © Twitter, Inc and other contributors, Creative Commons Attribution 4.0 (CC BY 4.0),
  https://creativecommons.org/licenses/by/4.0/, https://github.com/jdecked/twemoji

They come by way of the npm packages emoji-datasource-google and emoji-datasource-twitter 16.0.0 (Cal Henderson, MIT).
Each of ${emoji.length} emoji is there twice. Classes merge Unicode's subcategories; no emoji, nor a variant of it, is on both sides.

Contents ${content.digest("hex").slice(0, 16)}
`;
}
