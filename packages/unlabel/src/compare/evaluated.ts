// What has been evaluated already, of a run or of an encoder off the shelf: what its folder's eval/ holds.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RunDirectory } from "../run/directory.ts";
import {
  CHEAP_PROTOCOLS,
  type Evaluations,
  type IndicatorSize,
  type Protocol,
  UNLABELLED_PROTOCOLS,
} from "../run/evaluations.ts";

/** The protocols that a run's last checkpoint has not been evaluated by, on its own images or those of another fingerprint. */
export function missing(
  path: string,
  protocols: readonly Protocol[],
  splitSeed: number | undefined,
  fingerprint?: string,
  looked?: IndicatorSize,
): Protocol[] {
  if (!existsSync(join(path, "run.json"))) return [...protocols];
  const { result, data } = RunDirectory.open(path).info;
  const wanted = { step: result?.steps, splitSeed, fingerprint: fingerprint ?? data.fingerprint, looked };
  return lacking(path, protocols, wanted);
}

/** The protocols that a folder has no evaluation by, of that step (null: of any) and those images. */
export function lacking(
  path: string,
  protocols: readonly Protocol[],
  wanted: {
    step: number | undefined | null;
    splitSeed: number | undefined;
    fingerprint: string;
    /** How many images indicators should have looked at. */
    looked?: IndicatorSize | undefined;
  },
): Protocol[] {
  const { step, splitSeed, fingerprint, looked } = wanted;
  return protocols.filter((protocol) => {
    const found = read(path, protocol);
    // Somebody may have evaluated a run by itself since, on another fifth or in other views.
    const own = found?.protocol === "indicators" ? found.settings?.seed : found?.split_seed;
    const otherFifth = splitSeed !== undefined && (own ?? splitSeed) !== splitSeed;
    const budget = found?.protocol === "indicators" ? found.settings?.budget : undefined;
    const otherSize = looked && budget && (budget.images !== looked.images || budget.viewed !== looked.viewed);
    const otherStep = step !== null && found?.step !== step;
    return !found || otherStep || found.fingerprint !== fingerprint || otherFifth || otherSize === true;
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

/** How many images indicators have looked at, of the first folder that was looked at; undefined where none was. */
export function lookedIn(folders: readonly string[]): IndicatorSize | undefined {
  for (const folder of folders) {
    const found = read(folder, "indicators");
    if (!found) continue;
    const { images, viewed } = found.settings?.budget ?? ALL;
    return { images, viewed };
  }
  return undefined;
}

/** Of older files, which say nothing of it. */
const ALL: IndicatorSize = { images: 2048, viewed: 512 };
