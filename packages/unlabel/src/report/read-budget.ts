// compare.json, which lies in the folder above the runs of a comparison: what every run was allowed to spend.
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { exists, parseJson } from "./read-file.ts";

const schema = z.looseObject({
  budget: z.union([
    z.looseObject({ kind: z.enum(["time", "epochs", "flops"]), value: z.number() }),
    z.looseObject({ kind: z.literal("steps"), value: z.record(z.string(), z.number()) }),
  ]),
});

export type Budget = z.infer<typeof schema>["budget"];

/** The budget that all of these runs had; null where they are not all of one comparison. */
export async function readBudget(dirs: readonly string[]): Promise<Budget | null> {
  const [folder, ...others] = new Set(dirs.map((dir) => dirname(resolve(dir))));
  if (folder === undefined || others.length > 0) return null;
  const path = join(folder, "compare.json");
  if (!(await exists(path))) return null;
  const found = schema.safeParse(await parseJson(path).catch(() => null));
  return found.success ? found.data.budget : null;
}
