// What a run's method is called, and what its curves show: the run says it itself, so that methods of one's own have their words
// without being loaded; runs of earlier versions are told by the methods that come with unlabel.

import { type About, lossWords } from "../methods/about.ts";
import { abouts } from "../methods/abouts.ts";
import { spelled } from "../page/format.ts";
import type { RunFile } from "../run/read/schema.ts";

type MethodOf = Pick<RunFile, "method" | "about" | "config">;

export function titleOf({ method, about }: MethodOf): string {
  return about?.title ?? spelled(method);
}

/** Null where nobody knows. */
export function lossOf({ method, about, config }: MethodOf): string | null {
  const known = aboutOf(method);
  return about?.loss ?? (known ? lossWords(known, config) : null);
}

/** What every method's steps record, under names that the page knows. */
const SHARED = new Set(["train/loss", "train/lr", "train/grad_norm"]);

/** The method's own scalars: those that it names for the report, and of a method that is not unlabel's own all. */
export function ownCurves({ method }: MethodOf, recorded: Iterable<string>): (readonly [key: string, title: string])[] {
  const known = aboutOf(method);
  if (known) return [...(known.curves ?? [])];
  const own = [...recorded].filter((key) => key.startsWith("train/") && !SHARED.has(key));
  return own.map((key) => [key, key.slice("train/".length).replaceAll("_", " ")] as const);
}

function aboutOf(method: string): About | undefined {
  return abouts().find(({ name }) => name === method);
}
