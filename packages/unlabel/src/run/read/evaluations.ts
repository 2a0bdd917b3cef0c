// eval/*.json of a run. Scores can be measured again, a training cannot: a file that is damaged, or of a protocol that this version
// does not know, is named in a note and left out, and the rest of the run is reported.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../base/errors.ts";
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
  for (const name of (await readdir(folder)).filter((one) => one.endsWith(".json")).sort()) {
    try {
      take(found, await parseJson(join(folder, name)), join(folder, name));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.left.push(`${error.message.replace(/\.$/, "")}; it is left out.`);
    }
  }
  return found;
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
