// `unlabel data check` for the studio: the same findings, and the pictures concerned by their numbers. Nothing is measured of training.
import { UserError } from "../../base/errors.ts";
import { type Checked, checkData } from "../../check/check.ts";
import { spreadOverClasses } from "../../check/contact-sheet.ts";
import type { CopyPart } from "../../check/duplicates.ts";
import { nameOf } from "../../data/names.ts";
import { openData } from "../../data/open.ts";
import type { CheckedImage, CheckedTold } from "../messages/atlas.ts";
import type { Context } from "./context.ts";
import { Recent } from "./recent.ts";
import { sheetOf } from "./sheet-of.ts";
import { checkedPlaceOf, imagesOutside, within } from "./within.ts";

/** What a page lists of each kind. */
const SHOWN = { groups: 40, members: 8, suspicious: 60, unreadable: 200, classes: 1000, bands: 64 };

/** In words, what a check is at as it looks for copies. */
const COPY_PARTS: Readonly<Record<CopyPart, string>> = {
  bytes: "comparing bytes of likely copies",
  hashes: "looking for likely copies",
  pictures: "comparing likely copies",
};

/** See the head of this file. */
export class Checks {
  readonly #roots: readonly string[];
  readonly #done = new Recent<Promise<Checked>>(2);

  /** @param roots the folders given, without links */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** Checks the images of a folder, as they are now. @throws {UserError} where there are none inside the folders given */
  async check(root: string, { tell, signal }: Context): Promise<CheckedTold> {
    const place = checkedPlaceOf(root, this.#roots);
    this.#done.forget(place);
    const checked = await this.#done.of(place, async () => {
      const { out, outside } = within(await openData(place), this.#roots);
      if (out > 0) throw imagesOutside(out, outside, this.#roots);
      return checkData(place, {
        presets: [],
        signal,
        onProgress: (stage, done, total) => {
          if (stage === "images") tell("looking at images", total > 0 ? done / total : null);
          else if (stage === "bytes" || stage === "hashes" || stage === "pictures")
            tell(COPY_PARTS[stage], total > 0 ? done / total : null);
          else if (stage === "values") tell("looking at values", null);
        },
      });
    });
    return told(checked);
  }

  /** Squares of checked images by their numbers. */
  async thumbnails(root: string, images: readonly number[], edge: number): Promise<Uint8Array> {
    const place = checkedPlaceOf(root, this.#roots);
    const checked = await this.#done.get(place);
    if (!checked) throw new UserError("Expected images that have been checked, got others; check them first");
    return sheetOf(
      images.map((image) => checked.images[image]),
      edge,
      checked.reader,
    );
  }
}

function told({ result, images, copies }: Checked): CheckedTold {
  const numbers = new Map(images.map((seen, i) => [seen, i]));
  const imageOf = (image: number): CheckedImage => {
    const { split, item } = images[image]!;
    return { image, ...nameIn(result.classes, split.name, item) };
  };
  const suspicious = images.flatMap((seen, image) => (seen.doubts.length > 0 ? [image] : []));
  const all = result.values?.[0];
  return {
    root: result.data,
    understood: result.understood,
    images: result.images,
    findings: result.findings,
    notes: result.notes,
    seconds: result.seconds,
    classes: result.classes.slice(0, SHOWN.classes).map(({ name, train, val }) => ({ name, train, val })),
    formats: result.formats,
    bands: result.bands.map(({ kind, files }) => ({ what: kind, images: files })),
    depths: result.depths.map(({ kind, files }) => ({ what: kind, images: files })),
    values:
      all === undefined
        ? null
        : all.bands.slice(0, SHOWN.bands).map(({ band, lowest, p0_1, median, p99_9, highest }, k) => ({
            ...{ band, lowest, low: p0_1, median, high: p99_9, highest },
            black: result.input.range?.[k]?.[0] ?? null,
            white: result.input.range?.[k]?.[1] ?? null,
          })),
    sizes: result.sizes,
    copies: {
      all: result.duplicates.groups.length,
      groups: copies.groups.slice(0, SHOWN.groups).map(({ members, kind, similarity, leak, conflict }) => ({
        ...{ kind, similarity, leak, conflict },
        images: shownMembers(members, images).map(imageOf),
        more: Math.max(0, members.length - SHOWN.members),
      })),
    },
    leaks: { exact: result.leakage.exact, near: result.leakage.near },
    suspicious: {
      all: suspicious.length,
      first: suspicious
        .slice(0, SHOWN.suspicious)
        .map((image) => ({ ...imageOf(image), reasons: images[image]!.doubts })),
    },
    unreadable: {
      all: result.unreadable.length,
      first: result.unreadable.slice(0, SHOWN.unreadable).map(({ path, reason }) => ({ path, reason })),
    },
    contact: spreadOverClasses(images).map((seen) => imageOf(numbers.get(seen)!)),
  };
}

/** A leak shows both sides even where one split has many. */
function shownMembers(members: readonly number[], images: Checked["images"]): number[] {
  const some = members.slice(0, SHOWN.members);
  const other = members.find((i) => images[i]!.split !== images[some[0]!]!.split);
  if (other !== undefined && !some.includes(other)) some[SHOWN.members - 1] = other;
  return some;
}

function nameIn(
  classes: readonly { name: string }[],
  split: "train" | "val",
  item: Checked["images"][number]["item"],
): Omit<CheckedImage, "image"> {
  return { path: nameOf(item), split, class: classes[item.label]?.name ?? null };
}
