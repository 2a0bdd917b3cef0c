// The README.md of a Hugging Face repository: its front matter says which configurations there are and what classes are called.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const MOST_BYTES = 8e6;

const Pattern = z.union([z.string(), z.array(z.string())]);
const DataFiles = z.union([
  Pattern.transform((path) => [{ split: "train", path }]),
  z.array(z.looseObject({ split: z.string(), path: Pattern })),
]);
const Config = z.looseObject({
  config_name: z.string(),
  data_files: DataFiles.optional(),
  data_dir: z.string().optional(),
  default: z.boolean().optional(),
});
const Names = z.union([z.array(z.string()), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))]);
const Feature = z.looseObject({ name: z.string(), dtype: z.unknown().optional() });
const Info = z.looseObject({ config_name: z.string().optional(), features: z.array(Feature).optional() });
const Card = z.looseObject({
  configs: z.array(Config).optional().catch(undefined),
  dataset_info: z
    .union([z.array(Info), Info.transform((info) => [info])])
    .optional()
    .catch(undefined),
});
const ClassLabel = z.looseObject({ class_label: z.looseObject({ names: Names }) });

/** What is read of a README. */
export type DatasetCard = z.infer<typeof Card>;
/** A configuration: a name and its files by split. */
export type CardConfig = z.infer<typeof Config>;

/** The front matter of a folder's README.md; null where there is none that can be read. */
export function cardOf(folder: string): DatasetCard | null {
  const path = join(folder, "README.md");
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > MOST_BYTES) return null;
    const [, front] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/.exec(readFileSync(path, "utf8")) ?? [];
    return front === undefined ? null : Card.parse(parse(front, { maxAliasCount: 100 }));
  } catch {
    return null; // prose, or another program's front matter: it only adds names
  }
}

/** What a card calls the numbers of a column. */
export function namesOfCard(
  card: DatasetCard | null,
  config: string | undefined,
  column: string,
): string[] | undefined {
  const infos = card?.dataset_info ?? [];
  const info = infos.find(({ config_name: name }) => name !== undefined && name === config) ?? infos[0];
  if (infos.length > 1 && info?.config_name !== config) return undefined;
  const dtype = info?.features?.find(({ name }) => name === column)?.dtype;
  const found = ClassLabel.safeParse(dtype);
  if (!found.success) return undefined;
  const { names } = found.data.class_label;
  if (Array.isArray(names)) return names;
  const list = Object.keys(names).map((_, i) => names[String(i)]);
  return list.some((name) => name === undefined) ? undefined : list.map(String);
}
