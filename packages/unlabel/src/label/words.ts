// How runs stand, in words: for the page, the last line of the command and whoever sees no bar.
import { counted } from "../base/text.ts";
import type { Rival, Standing } from "../score/race.ts";

/** One sentence: settled, how many images would settle it, or why that cannot be told. @param left images not labelled yet */
export function verdictOf(standing: Standing, left: number): string {
  const words = wordsOf(standing, left);
  // Names of runs stay as they are.
  return standing.runs.some(({ name }) => words.startsWith(name))
    ? words
    : `${words[0]!.toUpperCase()}${words.slice(1)}`;
}

function wordsOf(standing: Standing, left: number): string {
  const { leader, rivals, settled, more, early, draws, runs } = standing;
  if (rivals.length === 0) {
    const [run] = runs;
    return !run || draws === 0 ? "Nothing counted yet" : `${run.name} told ${run.right} of ${draws} before their label`;
  }
  // Of all images the difference is known, however small: it speaks of these, and as they were asked.
  if (leader !== null && settled && left === 0)
    return `All images are labelled: ${leader} was right on more of those that counted than ${runs.length > 2 ? "the others" : rivals[0]!.name}`;
  if (leader !== null && settled)
    return `Settled: ${leader} is ${runs.length > 2 ? `the best of ${runs.length}` : "better"}`;
  const beaten = rivals.filter((rival) => rival.settled).map(({ name }) => name);
  const open = rivals.filter((rival) => !rival.settled).map(({ name }) => name);
  const so = leader !== null && beaten.length > 0 ? `${leader} is better than ${listed(beaten)}; ` : "";
  const what = so === "" ? "it" : listed(open);
  if (left === 0)
    return `${so}all images are labelled, and ${so === "" ? "the runs are" : `${listed(open)} is`} too close to tell apart`;
  if (early) return "Too early to tell";
  if (leader === null) return "Level so far: no number of images is foreseen to settle it";
  if (more === null) return `${so}at this rate even all images would not settle ${what}`;
  const images = about(Math.min(left, 2 * more));
  return `${so}about ${images} more would settle ${what}`;
}

/** Numbers that claim no more than is known. */
export function about(count: number): number {
  const step = count < 10 ? 1 : count < 50 ? 5 : count < 200 ? 10 : 50;
  return Math.max(1, Math.ceil(count / step) * step);
}

/** What the interval of two says, for whoever sees no bar. */
export function rowWords(
  left: string,
  right: string,
  { mean, interval: [low, high] }: Pick<Rival, "mean" | "interval">,
): string {
  const better = mean >= 0 ? [right, left] : [left, right];
  const [from, to] = mean >= 0 ? [low, high] : [-high, -low];
  return `${better[0]} is right ${points(Math.abs(mean))} points more often than ${better[1]}, between ${points(from)} and ${points(to)}`;
}

/** What the numbers are about. */
export function detailOf({ draws, runs, rivals }: Standing): string {
  if (draws === 0)
    return "Every second image is drawn at random from all. What counts is whether a run can tell it before you have; the others only teach.";
  if (rivals.length === 0) return `${counted(draws, "image")} drawn at random counted.`;
  const right = runs.map(({ name, right }, i) => `${name} ${i === 0 ? "right on" : "on"} ${right}`).join(", ");
  return `Of ${counted(draws, "image")} drawn at random, told before the label: ${right}. The bar holds the difference with 95 % at every look: stop when you like.`;
}

function points(share: number): string {
  return (100 * share).toFixed(1).replace("-", "−");
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
