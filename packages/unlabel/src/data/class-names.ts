// What the names of classes say: which cells name none, and what looks like a mistake in how they are written.
import { counted } from "../base/text.ts";

/** As programs write a cell in which there is nothing. `NA` and `None` may be names. */
const NOTHING = /^(-?nan|NaN|NAN|<NA>|#N\/A|N\/A|n\/a|null|NULL)$/;
const DOUBTFUL = /^(NA|na|None|none|unknown|Unknown|\?|-)$/;
const SHOWN = 3;

/** Labels as they are meant, and what has to be said of that. */
export interface CleanLabels {
  labels: (string | null)[];
  readings: string[];
}

/**
 * Labels as a table or a file has them: what stands for an empty cell is none, and `1.0` is `1` where both are there.
 *
 * @param given as they are written, null where there is none
 */
export function cleanLabels(given: readonly (string | null)[]): CleanLabels {
  const readings: string[] = [];
  // Of a million labels a thousand are looked at.
  const written = new Set(given);
  written.delete(null);
  const kinds = [...written] as string[];
  const nothing = new Set<string | null>(kinds.filter((label) => NOTHING.test(label)));
  const meant = new Map<string | null, string | null>();
  // Where nothing else is there, nothing can be told.
  if (nothing.size > 0 && kinds.length > nothing.size) {
    for (const label of nothing) meant.set(label, null);
    const empty = given.reduce((sum, label) => sum + Number(nothing.has(label)), 0);
    readings.push(`${counted(empty, "label")} ${shown(nothing as Set<string>)} read as no class`);
  }
  const distinct = new Set(kinds.filter((label) => !meant.has(label)));
  const isWhole = (label: string) => /^-?\d+\.0+$/.test(label);
  const areNumbers = [...distinct].every((label) => /^-?\d+(\.\d+)?$/.test(label));
  const double = [...distinct].find((label) => isWhole(label) && distinct.has(whole(label)));
  if (areNumbers && double !== undefined) {
    for (const label of distinct) if (isWhole(label)) meant.set(label, whole(label));
    readings.push(`${double} and ${whole(double)} are one class`);
  }
  const labels = given.map((label) => (meant.size > 0 && meant.has(label) ? meant.get(label)! : label));
  return { labels, readings };
}

function classes(count: number): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? "class" : "classes"}`;
}

function whole(label: string): string {
  return label.replace(/\.0+$/, "");
}

function shown(names: ReadonlySet<string>): string {
  const list = [...names].slice(0, SHOWN).join(", ");
  return names.size > SHOWN ? `(${list}, …)` : `(${list})`;
}

/** What of the classes of a table or an archive their owner may have meant otherwise, a sentence each. */
export function doubtsOf(classes: readonly { id: string }[], counts: readonly number[]): string[] {
  const ids = classes.map(({ id }) => id);
  return [
    ...nearlySame(classes, "write them alike"),
    ...several(ids),
    ...almostNone(ids),
    ...singles(
      ids,
      counts.filter((count) => count > 0),
    ),
  ];
}

/** Names that differ in capitals or spaces alone. */
export function nearlySame(classes: readonly { id: string }[], mend: string): string[] {
  const seen = new Map<string, string>();
  for (const { id } of classes) {
    const name = id.normalize("NFC").toLowerCase().trim().replace(/\s+/g, " ");
    const other = seen.get(name);
    if (other !== undefined) return [`${other} and ${id} are two classes; ${mend} if they are one`];
    seen.set(name, id);
  }
  return [];
}

/** `scab rust` beside `scab` and `rust`, `sea|sky` beside `sky`: several labels in one cell. */
function several(ids: readonly string[]): string[] {
  const own = new Set(ids);
  for (const separator of [/\s*[|;]\s*/, /\s*[,+&/]\s*/, /\s+/]) {
    const isMark = separator.source.includes("|");
    const parts = ids.map((id) => id.split(separator).filter((part) => part !== ""));
    const uses = new Map<string, number>();
    for (const some of parts) for (const part of new Set(some)) uses.set(part, (uses.get(part) ?? 0) + 1);
    const joined = ids.filter((_, i) => {
      const some = parts[i]!;
      if (some.length < 2) return false;
      return isMark ? some.some((part) => uses.get(part)! > 1) : some.every((part) => own.has(part));
    });
    if (joined.length > 0)
      return [
        `${joined.length} of ${classes(ids.length)} ${joined.length === 1 ? "is" : "are"} several in one, such as ${joined[0]}: each combination is a class of its own`,
      ];
  }
  return [];
}

/** Names that may mean that there is none. */
function almostNone(ids: readonly string[]): string[] {
  const areCounts = ids.length > 1 && ids.every((id) => /^-?\d+$/.test(id));
  const name = areCounts && ids.filter((id) => id.startsWith("-")).length === 1 ? ids.find((id) => id === "-1") : null;
  const found = name ?? ids.find((id) => DOUBTFUL.test(id));
  return found === undefined ? [] : [`${found} is a class like others; an image without one has an empty label`];
}

/** Numbers that were measured, or texts about single images. */
function singles(ids: readonly string[], counts: readonly number[]): string[] {
  const images = counts.reduce((sum, count) => sum + count, 0);
  const alone = counts.filter((count) => count === 1).length;
  if (images < 10 || 2 * alone <= images) return [];
  const areMeasured = ids.every((id) => /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(id)) && ids.some((id) => id.includes("."));
  const what = areMeasured ? "measured numbers are no classes" : "texts and names of single images are no classes";
  return [
    `${alone.toLocaleString("en-US")} of ${classes(ids.length)} have one image: ${what}; give a list without that column, or with classes in it`,
  ];
}
