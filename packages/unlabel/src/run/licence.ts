// What binds a run: the licences of the weights that it began with and of those that taught it.
import type { RunInfo } from "./info.ts";

type Sources = Pick<RunInfo, "init" | "teacher">;

/** Those of a run's sources that bind it: runs that began with nothing do not, unless a licence was named for them. */
function binding({ init, teacher }: Sources): { licence: unknown }[] {
  return [init, teacher]
    .filter((one) => one != null && !(one.unbound && one.licence == null))
    .map((one) => ({ licence: one!.licence }));
}

/** Whether a run has nothing from elsewhere in it. */
export function isUnbound(sources: Sources): boolean {
  return binding(sources).length === 0;
}

/**
 * The licence that a run's encoder inherits, where it is a name of one; null where nothing binds it, or one of its sources is under an
 * unknown one: the other's would promise too much. Two that differ bind both, which no one name says: `other`.
 */
export function inheritedLicence(sources: Sources): string | null {
  const licences = binding(sources).map(({ licence }) => licence);
  const named = licences.filter((one): one is string => typeof one === "string" && /^[\w.+-]{1,100}$/.test(one));
  if (named.length < licences.length) return null;
  const [first = null, ...others] = new Set(named);
  return others.length > 0 ? "other" : first;
}
