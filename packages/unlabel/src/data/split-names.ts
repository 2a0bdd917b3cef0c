// Which split the name of a folder speaks of, in any case and with the words that people put beside it: Train, test_set, train_images,
// val2017, unlabelled. Whether a folder of such a name is a split or a class, what lies around it decides: see layouts.ts.

/** What the images of a split are for. */
export type Role = "train" | "val" | "test" | "unlabelled";

/** Of several folders for one role the first here is taken: as it is written, before other cases and longer names. */
const WORDS: readonly (readonly [Role, readonly string[]])[] = [
  ["train", ["train", "training", "trn", "trainval"]],
  ["val", ["val", "validation", "valid", "dev", "develop", "development", "eval", "evaluation", "holdout", "heldout"]],
  ["test", ["test", "testing", "tst"]],
  ["unlabelled", ["unlabeled", "unlabelled", "unsup", "unsupervised", "unannotated", "nolabel", "nolabels", "extra"]],
];

const SPLIT_WORDS: ReadonlyMap<string, Role> = new Map(
  WORDS.flatMap(([role, all]) => (role === "unlabelled" ? [] : all.map((word) => [word, role] as const))),
);

/** What may stand beside the word without naming anything. */
const FILLING =
  /^(sets?|datasets?|data|splits?|folders?|images?|imgs?|pics?|pictures?|photos?|files?|jpe?gs?|pngs?|labell?ed|\d+|\d+px|\d+x\d+)$/;
const JOINED =
  /^(train|training|trn|trainval|val|validation|valid|dev|eval|test|testing|unlabell?ed|unsup)(sets?|data|images?|imgs?|\d+)$/;
/** A folder of such a name within another says no class. */
const GENERIC = /^(all|images?|imgs?|pics?|pictures?|photos?|frames?|files?|data|jpe?gs?|jpegimages|pngs?|pngimages)$/i;

export interface Named {
  role: Role;
  /** The less, the sooner it is taken. */
  rank: number;
}

function wordsOf(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")
    .flatMap((word) => JOINED.exec(word)?.slice(1) ?? [word]);
}

/** The split that a folder's name speaks of; null where it speaks of none. */
export function roleOf(name: string): Named | null {
  const words = wordsOf(name);
  const found = words.flatMap((word) =>
    WORDS.flatMap(([role, all]) => (all.includes(word) ? [{ role, rank: all.indexOf(word) }] : [])),
  );
  const others = words.filter((word) => !WORDS.some(([, all]) => all.includes(word)));
  if (others.some((word) => !FILLING.test(word))) return null;
  // Beside unlabelled/.
  if (found.length === 0) return words.some((word) => /^labell?ed$/.test(word)) ? { role: "train", rank: 40 } : null;
  // unlabeled_train, train_extra: the images to train on that bear no labels.
  const unlabelled = found.find(({ role }) => role === "unlabelled");
  const roles = new Set(found.map(({ role }) => role));
  if (unlabelled) return roles.size === 1 || (roles.size === 2 && roles.has("train")) ? unlabelled : null;
  if (roles.size !== 1) return null;
  const isPlain = words.length === 1;
  const { role, rank } = found[0]!;
  return { role, rank: rank + (isPlain ? 0 : 20) + (name === name.toLowerCase() ? 0 : 10) };
}

/** Names that say the same beside a word for a split, by what they say. */
function twinsOf(names: readonly string[]): Map<string, { name: string; role: Role }[]> {
  const twins = new Map<string, { name: string; role: Role }[]>();
  for (const name of names) {
    const words = tokensOf(name);
    const roles = words.map((word) => SPLIT_WORDS.get(word.toLowerCase()));
    const at = roles.findIndex((role) => role !== undefined);
    if (at < 0 || roleOf(name) !== null || roles.some((role, i) => i !== at && role !== undefined)) continue;
    const around = words.filter((_, i) => i !== at).join("_");
    twins.set(around, [...(twins.get(around) ?? []), { name, role: roles[at]! }]);
  }
  for (const [around, all] of twins) {
    const kinds = new Set(all.map(({ role }) => role));
    if (around === "" || !kinds.has("train") || kinds.size < 2) twins.delete(around);
  }
  return twins;
}

/** Words in the case that they are written in; trainA is two. */
function tokensOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(?=\p{Lu})/gu, "$1 ")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/**
 * The splits that names beside each other speak of. A word within a name counts where another name has the same around another split's:
 * seg_train and seg_test are splits, bullet_train and test_tube are not, nor are cat_train, cat_test, dog_train and dog_test.
 */
export function rolesOf(names: readonly string[]): Map<string, Named | null> {
  const roles = new Map(names.map((name) => [name, roleOf(name)]));
  const [only, ...others] = twinsOf(names).values();
  if (only && others.length === 0) for (const { name, role } of only) roles.set(name, { role, rank: 30 });
  return roles;
}

/** Names that are each of a class and of a split, where all are: cat_train, cat_test, dog_train, dog_test. */
export function classesAndSplits(names: readonly string[]): Map<string, { role: Role; id: string }> | null {
  const twins = twinsOf(names);
  const found = new Map([...twins].flatMap(([id, all]) => all.map(({ name, role }) => [name, { role, id }] as const)));
  return twins.size > 1 && found.size === names.length ? found : null;
}

/** Whether names differ in numbers alone, and say that each is a part of one set. */
export function areParts(names: readonly string[]): boolean {
  const shapes = new Set(names.map((name) => name.toLowerCase().replace(/\d+/g, "0")));
  const words = [...shapes][0]?.split(/[^\p{L}]+/u) ?? [];
  return names.length > 1 && shapes.size === 1 && words.some((word) => PART.test(word));
}

const PART =
  /^(parts?|batch(es)?|chunks?|shards?|subsets?|folds?|folders?|dirs?|zips?|images?|imgs?|pics?|pictures?|photos?|files?|data|dataset)$/;

/** Whether a folder within a split, alone there, says nothing of classes: train/images/, train/train/. */
export function isGeneric(name: string): boolean {
  return GENERIC.test(name) || roleOf(name) !== null;
}
