// Which labels a classifier is scored on where only some of them are of images drawn at random, and the others of images chosen to cover
// the data: half of the former, so that scores speak of all images; everything else is there to fit on.

import { UserError } from "../base/errors.ts";
import { Rng } from "../base/rng.ts";
import { counted } from "../base/text.ts";
import type { Split } from "../data/folder.ts";
import { filesOf } from "../data/sample.ts";

/** Whether a split's labels say how their images were chosen. */
export function knowsDraws({ items }: Pick<Split, "items">): boolean {
  return items.some(({ draw }) => draw !== undefined);
}

/**
 * Indices to fit on, and to score on: every second image, or file of tiles, of those drawn at random, in the order of their classes and from a
 * random start. So each is scored on with the same probability, and classes come as they are. Tiles of a file that is scored on are not
 * fitted on.
 *
 * @throws {UserError} where there is none to score on, or none would be left to fit on
 */
export function halfOfDrawn(train: Split, seed: number): { rest: number[]; held: number[]; notes: string[] } {
  const { items } = train;
  const files = filesOf(items);
  const fileOf = (i: number) => files?.[i] ?? i;
  const all = [...items.keys()];
  const drawn = all.filter((i) => items[i]!.draw === "uniform");
  const firsts = new Map<number, number>();
  for (const i of drawn) if (!firsts.has(fileOf(i))) firsts.set(fileOf(i), i);
  const rng = new Rng(seed, "drawn at random");
  const units = [...firsts.values()]
    .map((i) => ({ i, label: items[i]!.label, by: rng.uniform() }))
    .sort((a, b) => a.label - b.label || a.by - b.by);
  // Of one alone there is no half.
  const start = units.length > 1 && rng.uniform() < 0.5 ? 1 : 0;
  const held = new Set(units.filter((_, at) => at % 2 === start).map(({ i }) => fileOf(i)));
  const scored = drawn.filter((i) => held.has(fileOf(i)));
  const rest = all.filter((i) => !held.has(fileOf(i)));
  if (scored.length === 0 || rest.length === 0)
    throw new UserError(
      `Expected labels of two images or more, one of them drawn at random, to fit on and to score on, got ${counted(items.length, "label")}, ${drawn.length} of them of images drawn at random; label some more with unlabel label`,
    );
  return { rest, held: scored, notes: notesOf(train, { drawn, rest, scored }) };
}

/** Scores of fewer say little. */
const FEW = 30;

function notesOf(
  { items }: Split,
  { drawn, rest, scored }: Record<"drawn" | "rest" | "scored", readonly number[]>,
): string[] {
  const chosen = rest.filter((i) => items[i]!.draw !== "uniform").length;
  const left = items.length - rest.length - scored.length;
  const known = new Set(rest.map((i) => items[i]!.label));
  const strange = scored.filter((i) => !known.has(items[i]!.label)).length;
  return [
    `scores are of ${counted(scored.length, "label")}: half of the ${drawn.length} of images drawn at random, so that they speak of all images; the other half${chosen > 0 ? ` and the ${chosen} chosen to cover the images` : ""} ${chosen > 0 ? "are" : "is"} fitted on; pretraining may have seen all of these, without labels`,
    ...(left > 0
      ? [
          `${counted(left, "tile")} chosen to cover the images ${left === 1 ? "is" : "are"} left out: ${left === 1 ? "it lies" : "they lie"} in files that are scored on`,
        ]
      : []),
    ...(scored.length < FEW
      ? ["so few labels leave wide intervals; which of two runs is better, unlabel label itself tells, at every look"]
      : []),
    ...(strange > 0
      ? [
          `${counted(strange, "image")} scored on ${strange === 1 ? "is" : "are"} of classes that no label fitted on has, and cannot be told`,
        ]
      : []),
  ];
}
