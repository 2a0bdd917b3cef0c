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

/**
 * The splits that names beside each other speak of. A word within a name counts where another name has the same around another split's:
 * seg_train and seg_test are splits, bullet_train and test_tube are not, nor are cat_train, cat_test, dog_train and dog_test.
 */
export function rolesOf(names: readonly string[]): Map<string, Named | null> {
  const roles = new Map(names.map((name) => [name, roleOf(name)]));
  const twins = new Map<string, { name: string; named: Named }[]>();
  for (const name of names) {
    const words = wordsOf(name);
    const at = words.findIndex((word) => SPLIT_WORDS.has(word));
    if (at < 0 || roles.get(name) !== null || words.some((word, i) => i !== at && SPLIT_WORDS.has(word))) continue;
    const around = words.map((word, i) => (i === at ? "" : word)).join(" ");
    const one = { name, named: { role: SPLIT_WORDS.get(words[at]!)!, rank: 30 } };
    twins.set(around, [...(twins.get(around) ?? []), one]);
  }
  const told = [...twins.values()].filter((all) => {
    const kinds = new Set(all.map(({ named }) => named.role));
    return kinds.has("train") && kinds.size > 1;
  });
  if (told.length === 1) for (const { name, named } of told[0]!) roles.set(name, named);
  return roles;
}

/** Whether a folder within a split, alone there, says nothing of classes: train/images/, train/train/. */
export function isGeneric(name: string): boolean {
  return GENERIC.test(name) || roleOf(name) !== null;
}
