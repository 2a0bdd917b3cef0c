// The table as unlabel itself reads it: which methods `compare --methods auto` and `pretrain` without `--method` take. Written by
// `npm run bench -- methods --from-rows --write`.
import { join } from "node:path";
import { contenderNamed, type TrainedRow } from "./methods-rows.ts";

export const MEASURED_FILE = join(import.meta.dirname, "../packages/unlabel/src/methods/measured-rows.ts");

/** The file's text: ours alone, without variants, which `--method` does not name; the best first. */
export function measuredText(rows: readonly TrainedRow[], minutes: number): string {
  const found = rows
    .flatMap((row) => {
      const contender = contenderNamed(row.contender);
      return contender && !contender.variant ? [{ ...row, ...contender }] : [];
    })
    .toSorted((a, b) => b.linear.trained - a.linear.trained);
  const lines = found.map(({ method, encoder, linear, knn }) => {
    const score = (value: number) => Number(value.toFixed(4));
    const [low, high] = linear.interval.map(score);
    // Ours begin with weights of our own, which are always scored too.
    const scores = `linear: ${score(linear.trained)}, initial: ${score(linear.initial!)}, interval: [${low}, ${high}], knn: ${score(knn.trained)}`;
    return `  { images: "photographs", minutes: ${minutes}, method: "${method}", encoder: "${encoder}", ${scores} },`;
  });
  const list = lines.length > 0 ? `[\n${lines.join("\n")}\n]` : "[]";
  return `// Written by \`npm run bench -- methods --from-rows --write\` from bench/rows/methods.jsonl: what each method came to in the same minutes, the best first.
// biome-ignore-all format: a row a line.
import type { MeasuredMethod } from "./measured-method.ts";

export const MEASURED: readonly MeasuredMethod[] = ${list};
`;
}
