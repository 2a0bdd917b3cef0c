// eval/*.json of a run. Scores can be measured again, a training cannot: a file that is damaged, or of a protocol that this version
// does not know, is named in a note and left out, and the rest of the run is reported.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { labelsFileIn } from "../evaluations.ts";
import {
  type Drawn,
  drawnSchema,
  type Evaluation,
  evaluationSchema,
  type FewShot,
  fewShotSchema,
  type IndicatorsFile,
  indicatorsSchema,
  type Retrieval,
  retrievalSchema,
  SCORED,
  type ScoredProtocol,
} from "./evaluation-schema.ts";
import { check, exists, parseJson } from "./file.ts";

export type Evaluations = {
  /** Protocols that end in one score. */
  scored: Map<ScoredProtocol, Evaluation>;
  fewShot: FewShot | null;
  retrieval: Retrieval | null;
  indicators: IndicatorsFile | null;
  drawn: Drawn | null;
  /** Files left out, and why. */
  left: string[];
};

/** Far more than a run is ever evaluated by, and the most bytes that one such file has. */
const MOST_FILES = 100;
const MOST_BYTES = 50_000_000;

/** Which of a folder's files are evaluations, and how many more there are than are read. */
export function evaluationsAmong(names: readonly string[]): { files: string[]; more: number } {
  const all = names.filter((name) => name.endsWith(".json")).sort();
  return { files: all.slice(0, MOST_FILES), more: Math.max(0, all.length - MOST_FILES) };
}

export async function readEvaluations(folder: string): Promise<Evaluations> {
  const found: Evaluations = {
    scored: new Map(),
    fewShot: null,
    retrieval: null,
    indicators: null,
    drawn: null,
    left: [],
  };
  if (!(await exists(folder))) return found;
  const { files, more } = evaluationsAmong(await readdir(folder));
  if (more > 0)
    found.left.push(`Expected at most ${MOST_FILES} evaluations in ${folder}, got ${more} more; these are left out.`);
  for (const name of files) {
    try {
      take(found, await parseJson(join(folder, name), MOST_BYTES), join(folder, name));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.left.push(`${error.message.replace(/\.$/, "")}; it is left out.`);
    }
  }
  keepOneLabelling(found);
  return found;
}

/** What a protocol is called in a sentence. */
const CALLED = {
  linear: "the linear probe",
  knn: "kNN",
  "fine-tune": "fine-tuning",
  supervised: "training from scratch",
  "few-shot": "few-shot",
  retrieval: "retrieval",
} as const;

/**
 * Scores by other labels, or of other images, do not stand in one row: of a run, those stay that are of the same as the first protocol's. An older
 * version does not say what its scores are of; these stay.
 */
function keepOneLabelling(found: Evaluations): void {
  const { scored, fewShot, retrieval, left } = found;
  const all = [...SCORED.flatMap((one) => scored.get(one) ?? []), ...[fewShot, retrieval].flatMap((one) => one ?? [])];
  const [first, ...others] = all.filter(({ fingerprint }) => fingerprint != null);
  for (const other of others) {
    if (!first || other.fingerprint === first.fingerprint) continue;
    left.push(
      `${CALLED[other.protocol]} was scored on other images or labels (${otherWords(other)}) than ${CALLED[first.protocol]} (${otherWords(first)}); it is left out. Evaluate with all protocols at once.`,
    );
    if (other.protocol === "few-shot") found.fewShot = null;
    else if (other.protocol === "retrieval") found.retrieval = null;
    else scored.delete(other.protocol);
  }
}

function otherWords({ data, notes, val_images }: Evaluation | FewShot | Retrieval): string {
  const labels = labelsFileIn(notes);
  return [...(data ? [data] : []), ...(labels ? [`labels of ${labels}`] : []), `${val_images} test images`].join(", ");
}

function take(found: Evaluations, value: unknown, path: string): void {
  const protocol = typeof value === "object" && value !== null && "protocol" in value ? value.protocol : undefined;
  if (protocol === "few-shot") found.fewShot = check(fewShotSchema, value, path);
  else if (protocol === "retrieval") found.retrieval = check(retrievalSchema, value, path);
  else if (protocol === "indicators") found.indicators = check(indicatorsSchema, value, path);
  else if (protocol === "pictures") found.drawn = check(drawnSchema, value, path);
  else if (SCORED.some((one) => one === protocol)) {
    const evaluation = check(evaluationSchema, value, path);
    found.scored.set(evaluation.protocol, evaluation);
  } else {
    const got = typeof protocol === "string" ? protocol : "none";
    throw new UserError(`Expected a protocol that this version knows in ${path}, got ${got}`);
  }
}
