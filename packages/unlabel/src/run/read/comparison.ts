// compare.json, which lies in the folder above the runs of a comparison: what every run was allowed to spend, and which of
// them are missing here.
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { commandLine, shellWord } from "../../base/shell.ts";
import { exists, parseJson } from "./file.ts";

const schema = z.looseObject({
  budget: z.union([
    z.looseObject({ kind: z.enum(["time", "epochs", "flops"]), value: z.number() }),
    z.looseObject({ kind: z.literal("steps"), value: z.record(z.string(), z.number()) }),
  ]),
  runs: z
    .array(z.looseObject({ name: z.string(), status: z.string(), error: z.string().nullish() }))
    .nullish()
    .catch(null),
  asked: z.looseObject({ word: z.string(), why: z.string() }).nullish().catch(null),
  rungs: z
    .array(
      z.looseObject({
        share: z.number(),
        by: z.enum(["knn", "rank"]),
        images: z.number(),
        kept: z.array(z.string()),
        stopped: z.array(z.string()),
      }),
    )
    .nullish()
    .catch(null),
});

export type Budget = z.infer<typeof schema>["budget"];

export interface ComparisonTerms {
  /** Null where the runs are not all of one comparison. */
  budget: Budget | null;
  /** Runs of the comparison that are not reported on. */
  absent: { name: string; status: string; error: string | null }[];
  /** What stood in place of methods' names, and what came of it; null where they were named. */
  asked: { word: string; why: string } | null;
  /** Looks at which the worse half of the methods was given up. */
  rungs: { share: number; by: "knn" | "rank"; images: number; kept: string[]; stopped: string[] }[];
}

/** What the comparison says that all of these runs belong to. */
export async function readTerms(dirs: readonly string[]): Promise<ComparisonTerms> {
  const none = { budget: null, absent: [], asked: null, rungs: [] };
  const [folder, ...others] = new Set(dirs.map((dir) => dirname(resolve(dir))));
  if (folder === undefined || others.length > 0) return none;
  const path = join(folder, "compare.json");
  if (!(await exists(path))) return none;
  const found = schema.safeParse(await parseJson(path).catch(() => null));
  if (!found.success) return none;
  const { budget, runs, asked, rungs } = found.data;
  const here = new Set(dirs.map((dir) => basename(resolve(dir))));
  const absent = (runs ?? []).filter(({ name }) => !here.has(name));
  return {
    budget,
    absent: absent.map(({ name, status, error }) => ({ name, status, error: error ?? null })),
    asked: asked ? { word: asked.word, why: asked.why } : null,
    rungs: (rungs ?? []).map(({ share, by, images, kept, stopped }) => ({ share, by, images, kept, stopped })),
  };
}

/** The command that reports on the runs of the comparison in `folder`; null where there is no comparison. */
export async function reportCommand(folder: string): Promise<string | null> {
  const path = join(folder, "compare.json");
  if (!(await exists(path))) return null;
  const found = schema.safeParse(await parseJson(path).catch(() => null));
  if (!found.success) return null;
  const runs: string[] = [];
  for (const { name } of found.data.runs ?? []) {
    if (await exists(join(folder, name, "run.json"))) runs.push(shellWord(join(folder, name)));
  }
  return runs.length > 0 ? commandLine("report", ...runs) : null;
}
