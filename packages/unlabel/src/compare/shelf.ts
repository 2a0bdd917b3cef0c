// Encoders that a comparison sets beside its runs, off the shelf or of earlier runs: their names, and their evaluation before anything is
// trained, since what is wrong with one should be known then.
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { isHub } from "../hub/reference.ts";
import { calledOf } from "../run/called.ts";

/** An encoder off the shelf, or of an earlier run, evaluated beside the runs of a comparison. */
export interface PlannedShelf {
  /** Its folder's name, `beside-NAME`. */
  name: string;
  /** What people call it. */
  title: string;
  /** Where it comes from; of the hub with its commit, once that is known. */
  source: string;
  /** How far it has come. */
  status: "waiting" | "evaluating" | "done" | "failed";
  /** Why it failed. */
  error?: string;
}

/** Where something lies, whole; what is on the hub stays as it is named. */
export function placeOf(source: string): string {
  return isHub(source) ? source : resolve(source);
}

/** As compare.json keeps them, each with a folder of its own. */
export function shelfOf(sources: readonly string[]): PlannedShelf[] {
  const isRun = sources.map((source) => existsSync(join(source, "run.json")));
  const called = sources.map((source, i) => (isRun[i] ? basename(source) : calledOf(source)));
  const taken = new Set<string>();
  return sources.map((source, i): PlannedShelf => {
    const isAlone = called.filter((one) => one === called[i]).length === 1;
    const slug = called[i]!.toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[-.]+|[-.]+$/g, "")
      .slice(0, 60);
    let name = `beside-${slug || "encoder"}`;
    for (let n = 2; taken.has(name); n++) name = `beside-${slug || "encoder"}-${n}`;
    taken.add(name);
    const told = isAlone ? called[i] : source;
    return { name, title: isRun[i] ? `earlier run ${told}` : `${told} as it comes`, source, status: "waiting" };
  });
}
