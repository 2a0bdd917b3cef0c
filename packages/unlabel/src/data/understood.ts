// What is read is said: how a data set was understood and what of it is left aside, in a few lines that every command begins with and
// that run.json and the report keep.
import { visible } from "../base/text.ts";
import type { Dataset, LeftAside, Split } from "./folder.ts";

/** Kinds without advice that are named; the others are summed up. */
const NAMED = 4;
/** Kinds with advice, a line each. */
const ADVISED = 4;

/** What the words follow from. */
type Understandable = Pick<Dataset, "train" | "val" | "heldOut" | "classes" | "leftAside" | "readings">;

/**
 * How a data set was understood, a line each: images, classes and splits; where another reading is plausible, which was taken and how
 * to get the other; and what is left aside, counted and named.
 */
export function understood(
  data: Pick<Dataset, "train" | "val" | "heldOut" | "classes" | "leftAside" | "readings">,
): string[] {
  return [summary(data), ...(data.readings ?? []), ...leftOut(data.leftAside ?? [])].map(visible);
}

/** The same of the images alone, for a record of them: without what unlabel has written beside them by now. */
export function recorded({ leftAside = [], ...data }: Understandable): string[] {
  return understood({ ...data, leftAside: leftAside.filter(({ own }) => own === undefined) });
}

/** Writes these lines, before anything is made of the images. */
export function tellUnderstood(data: Dataset, stream: { write(text: string): unknown }): void {
  stream.write(
    understood(data)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

function summary({ train, val, heldOut, classes }: Understandable): string {
  const aside = heldOut ? heldOut.images + heldOut.copies : 0;
  const all = train.items.length + (val?.items.length ?? 0) + aside;
  const images = `${number(all)} ${all === 1 ? "image" : "images"}`;
  const labels =
    classes.length === 0
      ? ", no classes"
      : ` in ${number(classes.length)} ${classes.length === 1 ? "class" : "classes"}`;
  if (val !== null) return `${images}${labels}; train ${part(train)}, val ${part(val)}`;
  if (classes.length === 0) return images + labels;
  const without = unlabelled(train);
  return `${images}${labels}; no val${without > 0 ? `, ${number(without)} without a class` : ""}`;

  function part(split: Split): string {
    const count = classes.length === 0 ? 0 : unlabelled(split);
    return `${number(split.items.length)}${count > 0 ? ` (${number(count)} without a class)` : ""}`;
  }
}

function unlabelled({ items }: Split): number {
  return items.reduce((sum, { label }) => sum + Number(label < 0), 0);
}

/** Those with advice each on a line, the others together. */
function leftOut(all: readonly LeftAside[]): string[] {
  const text = ({ what, count, example }: LeftAside) => `${number(count)} ${what} (${example})`;
  const advised = all.filter(({ hint }) => hint !== undefined);
  const plain = all.filter(({ hint }) => hint === undefined);
  const shown = advised.slice(0, ADVISED).map((one) => `left aside: ${text(one)}: ${one.hint}`);
  const rest = [...plain, ...advised.slice(ADVISED)];
  if (rest.length === 0) return shown;
  const more = rest.slice(NAMED);
  const kinds = more.length === 0 ? "" : `, and ${number(sum(more))} of ${more.length} other kinds`;
  return [...shown, `left aside: ${rest.slice(0, NAMED).map(text).join(", ")}${kinds}`];
}

function sum(all: readonly LeftAside[]): number {
  return all.reduce((total, { count }) => total + count, 0);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
