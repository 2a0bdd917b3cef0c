// Which columns of a Parquet file hold images and classes, by Hugging Face's features where the file has them, else by their names.
import type { FileMetaData, SchemaTree } from "hyparquet";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { shellWord } from "../../base/shell.ts";

const IMAGE_NAMES = ["image", "img", "jpg", "png", "webp", "jpeg", "picture", "bytes"];
const LABEL_NAMES =
  `label labels fine_label class cls target category class_name label_name class_label class_id label_id category_id
  classes targets species y`.split(/\s+/);

// What pandas writes beside the columns.
const INDEX = "__index_level_0__";

const Feature = z.looseObject({ _type: z.string().optional(), names: z.array(z.string()).optional() });
const Features = z.object({ info: z.object({ features: z.record(z.string(), z.unknown()) }) });

/** Hugging Face's description of each column. */
export interface ColumnFeatures {
  columns: Readonly<Record<string, z.infer<typeof Feature> | undefined>>;
  /** Every column has one that the first versions of this program could read: then its names are the ids of classes, too. */
  areAllPlain: boolean;
}

/** The features that a file's metadata has; undefined where another program wrote it. */
export function featuresOf({ key_value_metadata: pairs }: FileMetaData): ColumnFeatures | undefined {
  const value = pairs?.find(({ key }) => key === "huggingface")?.value;
  if (value === undefined) return undefined;
  try {
    const all = Object.entries(Features.parse(JSON.parse(value)).info.features);
    const read = all.map(([name, feature]) => [name, Feature.safeParse(feature).data] as const);
    return { columns: Object.fromEntries(read), areAllPlain: read.every(([, feature]) => feature !== undefined) };
  } catch {
    return undefined; // other programs' metadata: numbers do as names
  }
}

/** Columns by what they are for. */
export interface Picked {
  image: string;
  label: string | null;
  /** Those that could have been either. */
  otherImages: string[];
  otherLabels: string[];
  /** Those that are not read. */
  others: string[];
}

/** @throws {UserError} where there is no column of images */
export function columnsOf(path: string, columns: SchemaTree[], features: ColumnFeatures | undefined): Picked {
  const pick = (names: string[], fits: (column: SchemaTree) => boolean) =>
    columns
      .filter((column) => fits(column))
      .sort((a, b) => rank(names, a.element.name) - rank(names, b.element.name))
      .map(({ element }) => element.name);
  const images = pick(IMAGE_NAMES, holdsImages);
  const [image] = images;
  if (image === undefined) {
    const there = columns.map(({ element }) => element.name).join(", ");
    const texts = columns.filter(
      ({ element }) => IMAGE_NAMES.includes(element.name.toLowerCase()) && element.type === "BYTE_ARRAY",
    );
    const why =
      texts.length > 0 ? `, and ${texts[0]!.element.name} holds text, such as paths, not the bytes of images` : "";
    const paths = columns.find(({ element }) => /path|file|image|img|uri|url/i.test(element.name));
    const [from, to] = [path, path.replace(/(\.parquet)?$/i, ".csv")].map((one) => JSON.stringify(one));
    const script = `import pandas; pandas.read_parquet(${from}).to_csv(${to}, index=False)`;
    const mend =
      paths && paths.children.length === 0
        ? `; a table of paths is a list: python3 -c ${shellWord(script)}, and give that`
        : "";
    throw new UserError(`Expected a column of encoded images in ${path}, got the columns ${there}${why}${mend}`);
  }
  const isPlain = ({ children }: SchemaTree) => children.length === 0;
  const isLabel = (name: string) => LABEL_NAMES.includes(name.toLowerCase());
  const named = pick(LABEL_NAMES, (column) => isPlain(column) && isLabel(column.element.name));
  // A column of another name that Hugging Face knows as classes, where there is one alone.
  const known = pick([], (column) => isPlain(column) && features?.columns[column.element.name]?._type === "ClassLabel");
  const label = named[0] ?? (known.length === 1 ? known[0]! : null);
  const otherLabels = [...new Set([...named, ...known])].filter((name) => name !== label && name !== image);
  const otherImages = images.slice(1).filter((name) => name !== label);
  const others = columns
    .map(({ element }) => element.name)
    .filter(
      (name) =>
        name !== INDEX &&
        name !== image &&
        name !== label &&
        !otherLabels.includes(name) &&
        !otherImages.includes(name),
    );
  return { image, label, otherImages, otherLabels, others };
}

/** What has to be said of the choice; null where there was none. */
export function columnsReading({ image, label, otherImages, otherLabels, others }: Picked): string | null {
  const also = [
    otherImages.length > 0 && `images from column ${image}, not from ${otherImages.join(", ")}`,
    otherLabels.length > 0 &&
      (label === null
        ? `no classes: columns ${otherLabels.join(", ")} may be meant; rename one to label`
        : `classes from column ${label}, not from ${otherLabels.join(", ")}`),
    others.length > 0 && `columns not read: ${others.slice(0, 8).join(", ")}${others.length > 8 ? ", …" : ""}`,
  ].filter((one) => one !== false);
  const text = also.join("; ");
  return text === "" ? null : text;
}

/** Encoded bytes, or bytes with a path. */
export function holdsImages({ element, children }: SchemaTree): boolean {
  const { type, converted_type: kind, logical_type: logical } = element;
  return children.length > 0
    ? children.some((child) => child.element.name === "bytes" && child.element.type === "BYTE_ARRAY")
    : type === "BYTE_ARRAY" && kind === undefined && logical === undefined;
}

function rank(names: string[], name: string): number {
  const place = names.indexOf(name.toLowerCase());
  return place < 0 ? names.length : place;
}
