// State dicts under another program's names, by the tables that weights from there are read by (encoders/weights/dialects): one table, both ways.
import type { Tensor } from "@unlabel/torch";
import type { Dialect } from "../../encoders/weights/dialects/dialect.ts";

/** @throws {TypeError} for a tensor that the program has no name for: a defect, not the user's doing */
export function renamed(tensors: Readonly<Record<string, Tensor>>, { names, whose }: Dialect): Record<string, Tensor> {
  const ways = names.map(([theirs, ours]) => [theirs, patternOf(ours)] as const);
  const found: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const way = ways.find(([, ours]) => ours.test(name));
    if (!way) throw new TypeError(`Expected a name of ${whose}'s for ${name}`);
    const [theirs, ours] = way;
    const [, ...parts] = ours.exec(name)!;
    const filled = firstChoices(theirs).replace(/\*/g, () => parts.shift()!);
    found[theirs.endsWith(".") ? filled + name.replace(ours, "") : filled] = tensor;
  }
  return found;
}

/** `stages.*.blocks.*.norm.` as an expression; one that ends with a dot stands for all that is below. */
function patternOf(ours: string): RegExp {
  const text = ours.replace(/[.[\]]/g, "\\$&").replaceAll("*", "(\\d+)");
  return new RegExp(`^${text}${ours.endsWith(".") ? "" : "$"}`);
}

/** Of names that mean the same, the first. */
function firstChoices(theirs: string): string {
  return theirs.replace(/\{([^|}]*)[^}]*\}/g, "$1");
}

/** A program's names of a family. */
export function dialectOf(whose: string, dialects: readonly Dialect[]): Dialect {
  const found = dialects.find((one) => one.whose === whose);
  if (!found) throw new TypeError(`Expected names of ${whose}'s`);
  return found;
}
