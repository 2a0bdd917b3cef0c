// Which column of a list holds the images, which the classes, which the splits: by the names in its first line, or by what lies in
// the columns where no line names them.
import { UserError } from "../../base/errors.ts";
import { isImageName, type Row, shown, type Table } from "./list-table.ts";
import { type Part, partOfWord, partsOfNames } from "./splits.ts";

// The first that is there counts.
const PATHS =
  `path file_path filepath image_path img_path imagepath full_path relative_path filename file_name fname file files
  filenames image_file image_filename image_index image_name img_name imagename image img images photo picture jpg uri url x x_col name image_id
  img_id imageid id_code id`.split(/\s+/);
const LABELS =
  `label labels class classes class_name classname class_label label_name labelname label_text category category_name
  target targets species breed diagnosis dx finding_labels ground_truth gt tag y y_col cls class_id classid
  label_id labelid category_id class_idx label_idx klasse kategorie classe clase categoria etiqueta`.split(/\s+/);
const SPLITS = "split splits subset set partition phase usage".split(" ");
/** Such a column may as well say where an image is from: it holds splits where it holds nothing else. */
const MAYBE_SPLITS =
  `data_split dataset_split split_name set_name data_set dataset data_type part group fold type`.split(" ");
/** Columns of truth values that say of an image whether it is held out. */
const FLAGS: Readonly<Record<string, [ofTrue: Part, ofFalse: Part]>> = {
  is_valid: ["val", "train"],
  is_val: ["val", "train"],
  is_validation: ["val", "train"],
  is_test: ["test", "train"],
  is_train: ["train", "val"],
  is_training: ["train", "val"],
  is_training_image: ["train", "val"],
};
const INDEX_NAMES = new Set(["", "index", "unnamed", "idx"]);

/** What each row says. */
export interface Entry {
  line: number;
  /** As it is written. */
  path: string;
  label: string | null;
  part: Part | null;
}

/** A list, understood. */
export interface Entries {
  entries: Entry[];
  readings: string[];
}

/** Whether a first line names a column of labels. */
export function namesLabels(names: readonly string[]): boolean {
  return names.some((name) => LABELS.includes(normal(name)));
}

interface Columns {
  path: number;
  label: number | null;
  split: number | null;
  flag: { at: number; parts: [ofTrue: Part, ofFalse: Part] } | null;
  /** Columns of 0 and 1 that are a class each. */
  oneHot: { at: number; name: string }[];
  /** Most cells that a row may have. */
  width: number;
  readings: string[];
}

/** @throws {UserError} naming the line that is not as it should be */
export function readColumns(root: string, { rows, isNamed, separator, left = [] }: Table): Entries {
  const named = headOf(rows, isNamed);
  const body = named ? rows.slice(1) : rows;
  if (!named) refuseNumbers(root, rows);
  const columns = named ? byName(root, named, body) : byContent(body);
  const entries = body.map(({ line, cells }): Entry => {
    const refuse = (what: string, found: string) =>
      new UserError(`Expected ${what} in line ${line} of ${root}, ${found}`);
    // Separators at a line's end are no fields.
    const filled = cells.findLastIndex((cell) => cell !== "") + 1;
    if (filled > columns.width)
      throw refuse(
        `the fields ${named ? shown(named.join(", ")) : "path, label, split"}`,
        `but there are ${filled}; put cells with the separator in quotes${named ? "" : ", or name the columns in a first line"}`,
      );
    const cell = (at: number | null) => (at === null ? "" : (cells[at] ?? ""));
    const path = cell(columns.path);
    if (path === "" || path.includes("\0")) throw refuse("the path of an image", "but there is none");
    if (/^[a-z][a-z\d+.-]+:\/\//i.test(path) && !/^file:/i.test(path))
      throw refuse("a file", `got the address ${shown(path)}; fetch the images, and name them by their paths`);
    const hot = columns.oneHot.find(({ at }) => Number(cell(at)) === 1);
    return { line, path, label: cell(columns.label) || (hot?.name ?? null), part: partIn(cell, columns, refuse) };
  });
  const said = separator === null ? [] : [`fields are separated by ${separator}`];
  const objects =
    left.length > 0 ? [`not read: ${listed(left)}, which ${left.length === 1 ? "holds" : "hold"} objects`] : [];
  return { entries, readings: [...said, ...columns.readings, ...objects] };
}

/** A table of pixels or features, as Kaggle has MNIST and FER. */
function refuseNumbers(root: string, rows: readonly Row[]): void {
  const looked = rows.slice(1, 50);
  const isNumbers = (cell: string) => /^[-+\d.e\s]*$/i.test(cell);
  // A single word may be a name without an extension, after its number and class.
  const areNumbers = (cells: readonly string[]) => {
    const words = cells.filter((cell) => !isNumbers(cell));
    const isNoName = words.every((word) => partOf(word) !== null || (cells.length > 4 && !isImageName(word)));
    return cells.length > 2 && isNumbers(cells[0]!) && words.length <= 1 && isNoName;
  };
  if (looked.length === 0 || !looked.every(({ cells }) => areNumbers(cells))) return;
  throw new UserError(
    `Expected names of images in ${root}, found numbers such as ${shown(looked[0]!.cells.join(",").slice(0, 40))}; pixels or features in a table are not read: write each row as an image (.png or .npy), and give their folder`,
  );
}

type Refuse = (what: string, found: string) => UserError;
type Cell = (at: number | null) => string;

function partIn(cell: Cell, { split, flag }: Columns, refuse: Refuse): Part | null {
  if (flag) return flag.parts[isTrue(cell(flag.at)) ? 0 : 1];
  const word = cell(split);
  if (word === "") return null;
  const part = partOf(word);
  if (part !== null) return part;
  const why = /^-?\d+(\.\d+)?$/.test(word) ? "; which number is which split, only words can say" : "";
  throw refuse("train, val or test as split", `got ${shown(word.toLowerCase())}${why}`);
}

/** Also "Training set". */
function partOf(cell: string): Part | null {
  return partOfWord(cell) ?? partsOfNames([cell])[0] ?? null;
}

function isTrue(cell: string): boolean {
  return /^(1(\.0*)?|true|yes|t|y)$/i.test(cell);
}

function normal(name: string): string {
  // image.path in JSON lines.
  return name
    .replace(/^(image|img|file|label|class|category|annotation|meta|metadata)\.(?=\w)/i, "")
    .trim()
    .toLowerCase()
    .replace(/:.*$/, "")
    .replace(/[\s-]+/g, "_");
}

/** The names of columns, where the first row is names: known ones, or words above a column of images' names. */
function headOf(rows: readonly Row[], isNamed: boolean): string[] | null {
  const [first, ...rest] = rows;
  if (!first) return null;
  const names = first.cells;
  if (isNamed) return names;
  if (names.some(isImageName)) return null;
  const isKnown = names.some((name) => PATHS.includes(normal(name)));
  const looked = rest.slice(0, 50);
  const areWords = names.every((name) => !/^[-+\d.]|[\\/]/.test(name));
  const isAbove =
    areWords && names.some((_, at) => looked.length > 0 && looked.every(({ cells }) => isImageName(cells[at] ?? "")));
  return isKnown || isAbove ? names : null;
}

function byName(root: string, names: readonly string[], body: readonly Row[]): Columns {
  const keys = names.map(normal);
  const pick = (known: readonly string[], among: (at: number) => boolean = () => true): number | null => {
    const word = known.find((name) => keys.some((key, at) => key === name && among(at)));
    if (word === undefined) return null;
    if (keys.indexOf(word) !== keys.lastIndexOf(word))
      throw new UserError(`Expected one column ${word} in line 1 of ${root}, got ${names.join(", ")}`);
    return keys.indexOf(word);
  };
  const looked = body.slice(0, 50);
  const isImages = (at: number) => looked.length > 0 && looked.every(({ cells }) => isImageName(cells[at] ?? ""));
  // A column of images' names goes before one that is only called so, as an image_id beside a filename.
  const images = pick(PATHS, isImages) ?? pick(PATHS) ?? names.findIndex((_, at) => isImages(at));
  if (images < 0)
    throw new UserError(
      `Expected a column path (or file, filename, image) in line 1 of ${root}, got ${names.join(", ")}`,
    );
  const isOther = (at: number) => at !== images;
  const label = pick(LABELS, isOther);
  const areParts = (at: number) => body.length > 0 && body.every(({ cells }) => partOf(cells[at] ?? "") !== null);
  const areSplits = (at: number) => {
    if (!areParts(at)) return false;
    const kinds = new Set(body.map(({ cells }) => partOf(cells[at]!)));
    return kinds.has("train") && kinds.size > 1;
  };
  const unnamed = () => {
    const found = names.flatMap((_, at) => (isOther(at) && at !== label && areSplits(at) ? [at] : []));
    return found.length === 1 ? found[0]! : null;
  };
  const split =
    pick(SPLITS, (at) => isOther(at) && at !== label) ??
    pick(MAYBE_SPLITS, (at) => isOther(at) && at !== label && areParts(at)) ??
    unnamed();
  const flagName = split === null ? Object.keys(FLAGS).find((name) => keys.includes(name)) : undefined;
  const flag = flagName === undefined ? null : { at: keys.indexOf(flagName), parts: FLAGS[flagName]! };

  const used = new Set([images, label, split, flag?.at ?? null]);
  const others = names.flatMap((name, at) => {
    const isIndex = at === 0 && INDEX_NAMES.has(normal(name));
    return used.has(at) || isIndex || name === "" ? [] : [{ at, name }];
  });
  const readings: string[] = [];
  const taken = [
    keys[images] === "path" ? null : `images from column ${names[images]}`,
    label === null || keys[label] === "label" ? null : `classes from ${names[label]}`,
    split === null || keys[split] === "split" ? null : `splits from ${names[split]}`,
    flag && `what is held out from ${names[flag.at]}`,
  ].filter((one) => one !== null);
  if (taken.length > 0) readings.push(taken.join(", "));

  const hot = label === null ? hotColumns(others, body) : null;
  let left = others;
  if (hot) {
    const list = listed(hot.columns.map(({ name }) => name));
    if (hot.isOne) {
      readings.push(`the columns of 0 and 1 (${list}) are a class each`);
      left = others.filter(({ at }) => !hot.columns.some((column) => column.at === at));
    } else {
      readings.push(
        `no classes: the columns of 0 and 1 (${list}) give an image several of them; a column label with one class a row is read`,
      );
    }
  }
  if (left.length > 0) {
    const how = label === null && !hot ? "; classes are read from a column label, class, category or target" : "";
    const many = left.length > 1 ? "columns" : "column";
    readings.push(`not read: ${many} ${listed(left.map(({ name }) => name))}${how}`);
  }
  return { path: images, label, split, flag, oneHot: hot?.isOne ? hot.columns : [], width: names.length, readings };
}

/** Columns that hold 0 and 1 alone, two or more, and whether each row has at most a single 1 of them. */
function hotColumns(others: readonly { at: number; name: string }[], body: readonly Row[]) {
  const isBit = (cell: string | undefined) => /^[01](\.0*)?$/.test(cell ?? "");
  const columns = others.filter(({ at }) => body.every(({ cells }) => isBit(cells[at])));
  if (columns.length < 2 || body.length === 0) return null;
  const ones = (cells: readonly string[]) => columns.filter(({ at }) => Number(cells[at]) === 1).length;
  return { columns, isOne: body.every(({ cells }) => ones(cells) <= 1) && body.some(({ cells }) => ones(cells) === 1) };
}

/** path, label, split, unless what lies in the columns says otherwise. */
function byContent(body: readonly Row[]): Columns {
  const width = body.reduce((most, { cells }) => Math.max(most, cells.length), 0);
  const cellsAt = (at: number) => body.map(({ cells }) => cells[at] ?? "");
  const isImages = (at: number) => {
    const cells = cellsAt(at);
    return cells.filter(isImageName).length >= 0.9 * cells.length;
  };
  const readings: string[] = [];
  const order = Array.from({ length: width }, (_, at) => at);
  const path = cellsAt(0).some(isImageName) ? 0 : Math.max(0, order.findIndex(isImages));
  let rest = order.filter((at) => at !== path);
  // Rows that are numbered: pandas' index, MXNet's lists, CUB's images.txt.
  if (path > 0 && isCounted(cellsAt(0))) {
    rest = rest.slice(1);
    readings.push("the first column numbers the rows and is not read");
  }
  let [label = null, split = null] = rest;
  const isSplit = (at: number | null) => at !== null && cellsAt(at).every((cell) => partOfWord(cell) !== null);
  const kinds = (at: number) => new Set(cellsAt(at).map(partOfWord));
  if (label !== null && isSplit(label) && !isSplit(split) && kinds(label).size > 1 && kinds(label).has("train")) {
    [label, split] = [split, label];
    readings.push(`column ${split + 1} holds splits`);
  }
  if (path > 0) readings.push(`images are in column ${path + 1}${label === null ? "" : `, classes in ${label + 1}`}`);
  const numbered = order.length - 1 - rest.length;
  return { path, label, split, flag: null, oneHot: [], width: Math.max(1, 3 + numbered), readings };
}

/** Whole numbers, each larger than the one before it. */
function isCounted(cells: readonly string[]): boolean {
  return cells.length > 1 && cells.every((cell, i) => /^\d+$/.test(cell) && (i === 0 || +cell > +cells[i - 1]!));
}

function listed(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
}
