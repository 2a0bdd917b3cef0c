// What binds a run: the licences of the weights that it began with and of those that taught it.
import type { RunInfo } from "./info.ts";

/**
 * The licence that a run's encoder inherits, where it is a name of one; null where none is known. Two that differ bind both, which no one
 * name says: `other`.
 */
export function inheritedLicence({ init, teacher }: Pick<RunInfo, "init" | "teacher">): string | null {
  const licences: unknown[] = [init?.licence, teacher?.licence];
  const named = licences.filter((one): one is string => typeof one === "string" && /^[\w.+-]{1,100}$/.test(one));
  const [first = null, ...others] = new Set(named);
  return others.length > 0 ? "other" : first;
}
