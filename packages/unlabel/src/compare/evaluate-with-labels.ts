// Labels that come later: runs that are there already, evaluated with them.
import { labelledBy } from "../data/labelled-by.ts";
import { openImagesAs } from "../data/open-images.ts";
import { evaluate, openTrained } from "../eval/evaluate.ts";
import { CHEAP_PROTOCOLS } from "../run/evaluations.ts";
import { readShelf } from "../run/read/shelf.ts";
import { evaluateShelfWithLabels } from "./evaluate-shelves.ts";
import { missing } from "./evaluated.ts";
import { SPLIT_SEED } from "./plan.ts";

/**
 * Evaluates runs with the labels of a file, those that have not been yet: on the same images, so that a report sets them beside each other.
 *
 * @param data where the images lie; by default where each run's own do
 * @throws {UserError} where a run has no checkpoint, or the labels are not those of its images
 */
export async function evaluateWithLabels(runs: readonly string[], labels: string, data?: string): Promise<void> {
  for (const path of runs) {
    const shelf = await readShelf(path);
    if (shelf) {
      await evaluateShelfWithLabels(path, shelf, labels, data);
      continue;
    }
    const { info } = openTrained(path);
    const root = data ?? info.data.root;
    const { fingerprint } = labelledBy(await openImagesAs(root, info.data.input), labels);
    const protocols = missing(path, CHEAP_PROTOCOLS, SPLIT_SEED, fingerprint);
    if (protocols.length > 0) await evaluate(path, root, { protocols, labels, splitSeed: SPLIT_SEED });
  }
}
