// Folders without splits beside each other: each is a class, a part that holds classes, or a class that holds splits.
import { type Arranged, aside, beside, type Found, inBase, ranked, rolesIn } from "./arranged.ts";
import { slashed } from "./layout-words.ts";
import { directly, isFew, type Level, levelOf, within } from "./levels.ts";
import type { LeftAside } from "./reading.ts";
import { areParts, classesAndSplits, type Role, roleOf } from "./split-names.ts";

/** Two class folders or more. */
export function asClasses(whole: Level): Arranged | null {
  const { level, copies } = withoutCopies(whole);
  const names = [...level.folders.keys()];
  const flat = names.filter((name) => directly(level.folders.get(name)!, within(level.base, name)) > 0);
  // A class may have folders of its own, but folders of folders alone say nothing of classes.
  if (flat.length < 2 || 3 * flat.length < 2 * names.length) return null;
  const inFolders = [...level.folders.values()].reduce((sum, { length }) => sum + length, 0);
  if (!isFew(level.loose.length, inFolders)) return null;
  const without = names.filter((name) => roleOf(name)?.role === "unlabelled" && !/^extra$/i.test(name));
  const classes = names.filter((name) => !without.includes(name));
  if (classes.length < 2 || areParts(classes)) return null;
  const start = level.base === "" ? 0 : level.base.length + 1;
  // Each name once, not once an image.
  const ids = new Map<string, string | null>(names.map((name) => [name, without.includes(name) ? null : name]));
  const images = [...level.folders.values()].flat().sort((a, b) => (a.path < b.path ? -1 : 1));
  const like = classes.filter((name) => roleOf(name) !== null).sort();
  return {
    layout: "classes",
    base: level.base,
    train: images.map(({ path, size }) => {
      return { path, size, id: ids.get(path.slice(start, path.indexOf("/", start))) ?? null };
    }),
    val: [],
    readings: [
      ...inBase(level.base),
      ...(like.length > 0
        ? [
            `${like.map((name) => `${name}/`).join(", ")} ${like.length === 1 ? "is a class" : "are classes"} here, as there are images in the folders beside; a split holds class folders, beside other splits`,
          ]
        : []),
      ...without.map((name) => `${name}/ is trained on without labels`),
    ],
    leftAside: [...copies, ...beside(level, "the class folders")],
  };
}

/** A folder that holds folders of the names of those beside it is no class: an archive unpacked within itself. */
function withoutCopies(level: Level): { level: Level; copies: LeftAside[] } {
  const isCopy = (name: string) => {
    const { folders, loose } = levelOf(level.folders.get(name)!, within(level.base, name));
    const same = [...folders.keys()].filter((one) => one !== name && level.folders.has(one)).length;
    return loose.length === 0 && same >= 2 && 2 * same >= folders.size;
  };
  const names = [...level.folders.keys()].filter(isCopy).sort();
  if (names.length === 0) return { level, copies: [] };
  const hint = "it holds folders of the same names as those beside it; to read them instead, give it as DATA";
  return {
    level: { ...level, folders: new Map([...level.folders].filter(([name]) => !names.includes(name))) },
    copies: names.map((name) => aside(level, name, hint)),
  };
}

/** `fold1/cat/ fold1/dog/ fold2/cat/ …`: the classes lie in each part of one set. */
export function asParts(level: Level): Arranged | null {
  const names = [...level.folders.keys()].sort();
  if (!areParts(names) || !isFew(level.loose.length, 0)) return null;
  const parts = names.map((name) => asClasses(levelOf(level.folders.get(name)!, within(level.base, name))));
  if (!parts.every((part) => part !== null)) return null;
  return {
    layout: "classes",
    base: level.base,
    train: parts.flatMap(({ train }) => train),
    val: [],
    readings: [
      ...inBase(level.base),
      `${names[0]}/, ${names[1]}/${names.length > 2 ? " and so on" : ""} are parts of one set; give one of them as DATA to read it alone`,
    ],
    leftAside: [...parts.flatMap(({ leftAside }) => leftAside), ...beside(level, "the parts")],
  };
}

/** `cat_train/ cat_test/ dog_train/ dog_test/`: each of a class and of a split. */
export function asNamedClasses(level: Level): Arranged | null {
  const names = [...level.folders.keys()].sort();
  const told = classesAndSplits(names);
  if (!told || names.some((name) => directly(level.folders.get(name)!, within(level.base, name)) === 0)) return null;
  const roles = new Set([...told.values()].map(({ role }) => role));
  const of = (wanted: Role) =>
    [...told].flatMap(([name, { role, id }]) =>
      role === wanted ? level.folders.get(name)!.map((image) => ({ ...image, id })) : [],
    );
  const val = roles.has("val") ? "val" : "test";
  const unused = names.filter((name) => ![val, "train"].includes(told.get(name)!.role));
  const ids = [...new Set([...told.values()].map(({ id }) => id))];
  return {
    layout: "train-val",
    base: level.base,
    train: of("train"),
    val: of(val),
    readings: [
      ...inBase(level.base),
      `classes (${ids.slice(0, 3).join(", ")}${ids.length > 3 ? ", …" : ""}) and splits are read from the folders' names`,
    ],
    leftAside: [...unused.map((name) => aside(level, name)), ...beside(level, "the class folders")],
  };
}

/** `cat/train/ cat/val/ dog/train/ dog/val/`: splits within classes. */
export function asSplitClasses(level: Level): Arranged | null {
  const classes = [...level.folders.keys()].sort();
  const inside = classes.map((name) => levelOf(level.folders.get(name)!, within(level.base, name)));
  const roles = inside.map(rolesIn);
  const hasSplits = inside.every(({ base, folders, loose }, i) => {
    const named = [...roles[i]!.values()];
    const areFlat = [...folders].every(([name, images]) => directly(images, within(base, name)) > 0);
    return loose.length === 0 && areFlat && !named.includes(null) && named.some((one) => one?.role === "train");
  });
  const held = [...new Set(roles.flatMap((named) => [...ranked(named, "val"), ...ranked(named, "test")]))];
  if (classes.length < 2 || !hasSplits || held.length === 0) return null;
  const isVal = roles.some((named) => ranked(named, "val").length > 0);
  const of = (role: Role) =>
    inside.flatMap(({ folders }, i) =>
      ranked(roles[i]!, role).flatMap((name) => folders.get(name)!.map((image) => ({ ...image, id: classes[i]! }))),
    );
  const unused = isVal ? of("test") : [];
  const rest: [Found[], string][] = [
    [unused, "in folders of the test split"],
    [of("unlabelled"), "in folders of unlabelled images"],
  ];
  return {
    layout: "train-val",
    base: level.base,
    train: of("train"),
    val: of(isVal ? "val" : "test"),
    readings: [
      ...inBase(level.base),
      `classes are the folders that hold ${slashed([...new Set(roles.flatMap((named) => [...named.keys()]))])}`,
    ],
    leftAside: [
      ...rest.flatMap(([images, what]) => (images[0] ? [{ what, count: images.length, example: images[0].path }] : [])),
      ...beside(level, "the class folders"),
    ],
  };
}
