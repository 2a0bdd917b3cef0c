// CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky, 2009): records of one or two label bytes and 32 × 32 RGB in planes.
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { readRegular } from "../../base/files.ts";
import type { Pixels } from "../../base/native.ts";
import type { Dataset } from "../folder.ts";
import { assemble, type Sample } from "./dataset.ts";
import type { Part } from "./splits.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;

interface Kind {
  layout: "cifar-10" | "cifar-100";
  /** Where the names of classes are. */
  names: string;
  classes: number;
  labelBytes: number;
  train: RegExp;
  test: string;
}

const KINDS: Kind[] = [
  {
    layout: "cifar-10",
    names: "batches.meta.txt",
    classes: 10,
    labelBytes: 1,
    train: /^data_batch_\d+\.bin$/,
    test: "test_batch.bin",
  },
  {
    layout: "cifar-100",
    names: "fine_label_names.txt",
    classes: 100,
    labelBytes: 2,
    train: /^train\.bin$/,
    test: "test.bin",
  },
];

/** The files of a folder that are CIFAR's, or null where it is another folder. */
export function cifarFiles(names: readonly string[]): { kind: Kind; files: [string, Part][] } | null {
  for (const kind of KINDS) {
    const train = names.filter((name) => kind.train.test(name)).sort();
    // train.bin alone could be anything's name.
    if (train.length === 0 || (kind.labelBytes === 2 && !names.includes(kind.names))) continue;
    const files = train.map((name): [string, Part] => [name, "train"]);
    return { kind, files: names.includes(kind.test) ? [...files, [kind.test, "test"]] : files };
  }
  return null;
}

/** @throws {UserError} where a file is not made of whole records, or has labels that there are no classes for */
export function openCifar(root: string, { kind, files }: NonNullable<ReturnType<typeof cifarFiles>>): Dataset {
  const record = kind.labelBytes + 3 * PLANE;
  const classes = classNames(join(root, kind.names), kind.classes);
  const samples: Sample[] = [];
  const starts: { path: string; first: number }[] = [];
  const hash = createHash("sha256");
  for (const [name, part] of files) {
    const path = join(root, name);
    const content = readRegular(path);
    if (content.length === 0 || content.length % record !== 0)
      throw new UserError(
        `Expected records of ${record} bytes in ${path}, got ${content.length} bytes; fetch it again`,
      );
    hash.update(content);
    starts.push({ path, first: samples.length });
    for (let i = 0; i * record < content.length; i++) {
      // The last label byte is the fine one.
      const label = content[i * record + kind.labelBytes - 1]!;
      if (label >= classes.length)
        throw new UserError(
          `Expected a class below ${classes.length} in ${path}, got ${label} in record ${i}; fetch it again`,
        );
      samples.push({ path: `${name}#${i}`, label: classes[label]!, part });
    }
  }
  return assemble({
    root,
    layout: kind.layout,
    samples,
    classes: classes.map((name) => ({ id: name, name })),
    content: hash.digest("hex"),
    ...(kind.labelBytes === 2 && { readings: ["classes are the 100 fine ones; the 20 coarse ones are not read"] }),
    async load(items) {
      const images = new Array<Pixels>(items.length);
      for (const [k, { path, first }] of starts.entries()) {
        const next = starts[k + 1]?.first ?? samples.length;
        const here = items.flatMap(({ at }, index) => (at! >= first && at! < next ? [{ index, i: at! - first }] : []));
        if (here.length > 0) readRecords(path, record, here, images);
      }
      return images;
    },
  });
}

/** Three kilobytes each, mostly from the system's cache: quicker at once than by a thread. */
function readRecords(path: string, record: number, wanted: { index: number; i: number }[], images: Pixels[]): void {
  const file = openFile(path);
  const planes = new Uint8Array(3 * PLANE);
  try {
    for (const { index, i } of wanted) {
      const length = readSync(file, planes, 0, planes.length, (i + 1) * record - planes.length);
      if (length < planes.length)
        throw new UserError(`Expected ${path} as it was when it was opened, but it is shorter; fetch it again`);
      images[index] = { data: interleaved(planes), width: SIDE, height: SIDE };
    }
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new UserError(`Expected to read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

function interleaved(planes: Uint8Array): Uint8Array {
  const data = new Uint8Array(planes.length);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < PLANE; i++) data[3 * i + channel] = planes[channel * PLANE + i]!;
  return data;
}

function classNames(path: string, count: number): string[] {
  if (!existsSync(path)) return Array.from({ length: count }, (_, i) => String(i));
  const names = readRegular(path)
    .toString("utf8")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  if (names.length === count && new Set(names).size === count) return names.map((name) => name.trim());
  throw new UserError(`Expected ${count} names of classes in ${basename(path)}, got ${names.length}; fetch it again`);
}
