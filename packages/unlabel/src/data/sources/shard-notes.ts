// What has to be said of tar shards: files that are not read, labels that have no image, and names that WebDataset's rule joins.
import { basename, extname } from "node:path";
import { shellWord } from "../../base/shell.ts";
import { counted } from "../../base/text.ts";
import type { LeftAside } from "../folder.ts";
import type { ShardClasses } from "./shard-classes.ts";
import type { ShardIndex } from "./shard-index.ts";

const LABELS = new Set([".cls", ".class", ".label", ".target", ".json", ".txt"]);
const OTHER_NAME = "what follows the first dot of a label's name has to be that alone";
// Kinds of files that are named one by one.
const MOST_KINDS = 5;

interface Kind {
  count: number;
  example: string;
}

export function notesOf(
  root: string,
  names: readonly string[],
  indices: readonly ShardIndex[],
  understood: ShardClasses,
): { leftAside: LeftAside[]; readings: string[] } {
  const kinds = { images: new Map<string, Kind>(), others: new Map<string, Kind>() };
  const [joined, dropped, classless, ignored]: Kind[] = [nothing(), nothing(), nothing(), nothing()];
  let [samples, apart] = [0, 0];
  for (const [i, index] of indices.entries()) {
    const within = ({ count, example }: Kind) => ({ count, example: `${basename(names[i]!)}/${example}` });
    samples += index.samples.length;
    apart += index.apart;
    add(dropped!, within(index.dropped));
    add(classless!, within(index.classless));
    add(ignored!, within({ count: index.ignored, example: index.firstIgnored }));
    for (const { kind, isImage, ...one } of index.unused) {
      // A number after the first dot, or a kind of its own for each file: a name with dots, not a second image.
      if (isImage && (kind === "" || /^\.\d+\./.test(kind))) add(joined!, within(one));
      else {
        const list = isImage ? kinds.images : kinds.others;
        const own = isImage ? kind : extname(`x${kind}`);
        if (!list.has(own)) list.set(own, nothing());
        add(list.get(own)!, within(one));
      }
    }
  }
  const singles = [...kinds.images].filter(([, { count }]) => count === 1);
  if (singles.length > MOST_KINDS) {
    for (const [kind, one] of singles) {
      kinds.images.delete(kind);
      add(joined!, one);
    }
  }

  const leftAside: LeftAside[] = [];
  const leave = (what: string, { count, example }: Kind, hint?: string) =>
    count > 0 && leftAside.push({ what, count, example, ...(hint !== undefined && { hint }) });
  leave(
    plural(joined!, "image", "images", "joined with another by WebDataset's rule"),
    joined!,
    "names are equal up to the first dot",
  );
  for (const [kind, one] of kinds.images) leave(`${kind} beside another image`, one, "a sample has one image");
  const sorted = [...kinds.others].sort(([, a], [, b]) => b.count - a.count);
  const rest = nothing();
  for (const [i, [kind, one]] of sorted.entries()) {
    if (i < MOST_KINDS)
      leave(kind === "" ? "without an extension" : kind, one, LABELS.has(kind) ? OTHER_NAME : undefined);
    else add(rest, one);
  }
  leave("of other kinds", rest);
  leave(
    plural(dropped!, "label", "labels", "without an image of that name"),
    dropped!,
    "a label goes with the image of the same name",
  );
  leave(".json without a class", classless!, "a class is read from label, class, target or category");
  leave(
    ignored!.count === 1 ? "entry that is no file, such as a link" : "entries that are no files, such as links",
    ignored!,
  );
  if (understood.strays > 0) leave("beside the class folders", strayOf(names, indices, understood));

  const readings = [...understood.readings];
  if (joined!.count > 0) readings.push(joinedReading(root, names, samples, joined!));
  if (apart > 0)
    readings.push(
      `${counted(apart, "label")} not beside ${apart === 1 ? "its image" : "their images"}: joined by name`,
    );
  return { leftAside, readings };
}

function plural({ count }: Kind, one: string, many: string, rest: string): string {
  return `${count === 1 ? one : many} ${rest}`;
}

function nothing(): Kind {
  return { count: 0, example: "" };
}

function add(to: Kind, { count, example }: Kind): void {
  if (count > 0 && to.count === 0) to.example = example;
  to.count += count;
}

function strayOf(names: readonly string[], indices: readonly ShardIndex[], { of, strays }: ShardClasses): Kind {
  for (const [i, { samples }] of indices.entries()) {
    const stray = samples.find((sample) => of(sample).isStray);
    if (stray) return { count: strays, example: `${basename(names[i]!)}/${stray.path}` };
  }
  return nothing();
}

/** What WebDataset does with such names, and how to have each image read. */
function joinedReading(root: string, names: readonly string[], samples: number, { count, example }: Kind): string {
  const isOne = names.length === 1 && !/^https?:/i.test(root);
  const shard = isOne ? root : "SHARD.tar";
  const each = `${basename(names[0]!, ".tar")}-each`;
  const script = "s/\\.\\(.*\\.\\)/_\\1/";
  const command = `mkdir ${shellWord(each)} && tar -xf ${shellWord(shard)} -C ${shellWord(each)} --transform '${script}' && tar --sort=name -cf ${shellWord(`${each}.tar`)} -C ${shellWord(each)} .`;
  return `WebDataset's rule makes one sample of files whose names are equal up to the first dot: ${count + samples} images are ${counted(samples, "sample")} (${example} is not read); to read each, pack them with one dot a name: ${command}`;
}
