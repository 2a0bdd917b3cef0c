// What has been evaluated already, of a run or of an encoder off the shelf: what its folder's eval/ holds.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RunDirectory } from "../run/directory.ts";
import { CHEAP_PROTOCOLS, type Evaluations, type Protocol, UNLABELLED_PROTOCOLS } from "../run/evaluations.ts";

/** The protocols that a run's last checkpoint has not been evaluated by, on its own images or those of another fingerprint. */
export function missing(
  path: string,
  protocols: readonly Protocol[],
  splitSeed: number | undefined,
  fingerprint?: string,
): Protocol[] {
  if (!existsSync(join(path, "run.json"))) return [...protocols];
  const { result, data } = RunDirectory.open(path).info;
  return lacking(path, protocols, { step: result?.steps, splitSeed, fingerprint: fingerprint ?? data.fingerprint });
}

/** The protocols that a folder has no evaluation by, of that step (null: of any) and those images. */
export function lacking(
  path: string,
  protocols: readonly Protocol[],
  wanted: { step: number | undefined | null; splitSeed: number | undefined; fingerprint: string },
): Protocol[] {
  const { step, splitSeed, fingerprint } = wanted;
  return protocols.filter((protocol) => {
    const found = read(path, protocol);
    // Somebody may have evaluated a run by itself since, on another fifth or in other views.
    const own = found?.protocol === "indicators" ? found.settings.seed : found?.split_seed;
    const otherFifth = splitSeed !== undefined && (own ?? splitSeed) !== splitSeed;
    return !found || (step !== null && found.step !== step) || found.fingerprint !== fingerprint || otherFifth;
  });
}

/** All that was found of a run, or of an encoder off the shelf. */
export function evaluationsIn(path: string): Evaluations {
  const found = [...CHEAP_PROTOCOLS, ...UNLABELLED_PROTOCOLS].flatMap((protocol) => {
    const file = read(path, protocol);
    return file ? [[protocol, file] as const] : [];
  });
  return Object.fromEntries(found) as Evaluations;
}

function read<P extends Protocol>(path: string, protocol: P): Evaluations[P] | null {
  try {
    return JSON.parse(readFileSync(join(path, "eval", `${protocol}.json`), "utf8")) as Evaluations[P];
  } catch {
    return null;
  }
}
